"""Reports to print or to post: `simrace report` of a session or a race, `simrace championship publish` of a round."""
