"""Two reviewers who judge alone: their seats, judgements and hand-ins, and where they differ."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_seat",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("assessment_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("freed_by", sa.String(), nullable=True),
        sa.Column("freed_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_review_seat_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_review_seat_person_id")
        ),
        sa.ForeignKeyConstraint(["freed_by"], ["person.id"], name=op.f("fk_review_seat_freed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_seat")),
    )
    op.create_index(op.f("ix_review_seat_assessment_id"), "review_seat", ["assessment_id"])
    op.create_table(
        "own_judgement",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assurance", sa.String(), nullable=True),
        sa.Column("not_applicable", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_own_judgement_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_own_judgement_person_id")
        ),
        sa.PrimaryKeyConstraint(
            "submission_id", "question_id", "person_id", name=op.f("pk_own_judgement")
        ),
    )
    op.create_table(
        "hand_in",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("seat_id", sa.String(), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_hand_in_submission_id")
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["review_seat.id"], name=op.f("fk_hand_in_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_in")),
        sa.UniqueConstraint(
            "submission_id", "seat_id", name=op.f("uq_hand_in_submission_id_seat_id")
        ),
    )
    op.create_index(op.f("ix_hand_in_submission_id"), "hand_in", ["submission_id"])
    op.create_table(
        "difference",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("apart", sa.Integer(), nullable=False),
        sa.Column("assurance", sa.String(), nullable=True),
        sa.Column("not_applicable", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_difference_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["settled_by"], ["person.id"], name=op.f("fk_difference_settled_by")
        ),
        sa.PrimaryKeyConstraint("submission_id", "question_id", name=op.f("pk_difference")),
    )
