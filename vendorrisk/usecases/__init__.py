"""The application's whole API: one function per verb, grouped by the journey it belongs to.

Every verb takes the `Application` and the `Actor`, authorises first, runs in one transaction and
returns a frozen view that holds what a page needs and no row of the database. What is refused is
raised as a `Refusal` (see `errors`), whose `.sentence` and `.fix` are meant for the reader.
"""
