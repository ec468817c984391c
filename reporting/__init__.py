"""Show a run to its user: live table, summary, verdict, model card; and read a run back from its folder."""
