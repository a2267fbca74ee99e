"""The dashboard: pages that read the marts, shown by Streamlit (`simrace dashboard`)."""
