"""The server: `streamlit run app.py` or `python app.py` serves the pages and the routes."""

import streamlit as st

from vendorrisk import server

server.require_settings()

# Streamlit reads these lines without running them, so this must stay a plain call of `st.App`.
app = st.App(
    "vendorrisk/ui/pages/main.py",
    routes=server.routes(),
    middleware=server.middleware(),
    lifespan=server.lifespan,
    on_script_error=server.on_script_error,
    exception_handlers=server.exception_handlers(),
)

if __name__ == "__main__":
    app.run()
