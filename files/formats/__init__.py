"""Read files of rows: parquet, CSV, TSV, text and JSON."""
