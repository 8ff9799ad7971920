// Tells Streamlit's page where its server is; left to guess from a page's address, it asks at wrong ones first.
"use strict";
window.__streamlit = { BACKEND_BASE_URL: window.location.origin };
