"""Read tables as people keep them: CSV, TSV, JSON, parquet, text; one file or a folder of parts."""
