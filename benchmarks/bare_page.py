"""The least that a Streamlit page can do: one radio that saves nothing."""

import streamlit as st

choice = st.radio("One question", ["first", "second", "third", "fourth"])
st.markdown(f"Chosen: {choice}")
