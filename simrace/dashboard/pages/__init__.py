"""The pages, one file each; what a page shows comes from the queries in the folder of its name."""
