"""Foreign files: what tables are often kept in, or are taken for, and is no table here; known by first bytes, or by the name."""

from pathlib import Path

WITH_PANDAS = "write it as Parquet with pandas: pandas.{}.to_parquet('table.parquet')"
PICKLE = (
    "a Python pickle",
    "write its table as Parquet or CSV; a pickle is never opened here, since it can run any program",
)
STATA = "a Stata data file", WITH_PANDAS.format("read_stata({!r})")
SPSS = "an SPSS data file", WITH_PANDAS.format("read_spss({!r})")
SAS = "a SAS data file", WITH_PANDAS.format("read_sas({!r})")
MATLAB = "a MATLAB data file", "write its table as CSV in MATLAB (writetable), or with scipy.io.loadmat({!r})"
EXCEL = "an Excel workbook", "save the sheet as CSV"
AVRO = (
    "an Avro file",
    "write it as Parquet, for example in DuckDB: INSTALL avro; COPY (FROM read_avro({!r})) TO 'table.parquet'",
)
R_FILE = "an R data file", "write its table as CSV in R: write.csv(TABLE, 'table.csv', row.names = FALSE)"
ARROW = "an Arrow IPC file (Feather)", WITH_PANDAS.format("read_feather({!r})")
HDF = "an HDF5 file", "write the table as Parquet or CSV"
HTML = "an HTML page", "write the table as CSV; a page in its place is often a failed download"
PICTURE = "a picture", "give the table itself"
ACCESS = "an Access database", "export the table as CSV"
DBASE = "a dBase file", "write it as CSV"
NETCDF = "a netCDF file", "write the table as Parquet or CSV"
ZIPPED = (
    (b"xl/", *EXCEL),
    (b"[Content_Types].xml", *EXCEL),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet", "save the sheet as CSV"),
    (b".npy", "an archive of NumPy arrays", "give it a name that ends in .npz"),
)
# first bytes, what has them, and the remedy
FIRST_BYTES = (
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"PK\x05\x06", "an empty zip archive", "give the table itself"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"BZh", "packed by bzip2", "unpack it: bunzip2"),
    (b"\xfd7zXZ", "packed by xz", "unpack it: unxz"),
    (b"7z\xbc\xaf'\x1c", "packed by 7-Zip", "unpack it"),
    (b"\x04\x22\x4d\x18", "packed by LZ4", "unpack it: unlz4"),
    (b"\xff\x06\x00\x00sNaPpY", "packed by Snappy", "unpack it"),
    (b"\x1f\x8b", "packed twice by gzip", "unpack it once: gunzip"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"PAR1", "a Parquet file that is packed once more", "unpack it"),
    (b"ARROW1", *ARROW),
    (b"FEA1", *ARROW),
    (b"\xff\xff\xff\xff", "an Arrow stream", "write it as Parquet"),
    (b"ORC", "an ORC file", WITH_PANDAS.format("read_orc({!r})")),
    (b"Obj\x01", *AVRO),
    (b"\x89HDF", *HDF),
    (b"CDF\x01", *NETCDF),
    (b"CDF\x02", *NETCDF),
    (b"MATLAB 5.0 MAT-file", *MATLAB),
    (b"MATLAB 7.3 MAT-file", *MATLAB),
    (b"<stata_dta>", *STATA),
    *((bytes((version, order, 1, 0)), *STATA) for version in range(104, 116) for order in (1, 2)),
    (b"$FL2@(#)", *SPSS),
    (b"$FL3@(#)", *SPSS),
    (bytes(12) + b"\xc2\xea\x81\x60", *SAS),
    (b"HEADER RECORD*******", *SAS),
    (b"RDX2\n", *R_FILE),
    (b"RDX3\n", *R_FILE),
    (b"X\n\x00\x00\x00", *R_FILE),
    *((bytes((128, protocol)), *PICKLE) for protocol in range(2, 6)),
    (b"\x00\x01\x00\x00Standard ", *ACCESS),
    (b"\x93NUMPY", "a NumPy array", "give it a name that ends in .npy"),
    (b"%PDF", "a PDF document", "write the table as CSV"),
    (b"\x89PNG", *PICTURE),
    (b"\xff\xd8\xff", *PICTURE),
    (b"GIF8", *PICTURE),
    (b"<!", *HTML),
    (b"<html", *HTML),
    (b"<?xml", "an XML document", "write the table as CSV"),
)
# of files that are no text and whose first bytes say nothing
ENDINGS = {
    ".dta": STATA,
    ".sav": SPSS,
    ".zsav": SPSS,
    ".por": SPSS,
    ".sas7bdat": SAS,
    ".xpt": SAS,
    ".mat": MATLAB,
    ".avro": AVRO,
    ".xls": EXCEL,
    ".xlsx": EXCEL,
    ".xlsb": EXCEL,
    ".feather": ARROW,
    ".arrow": ARROW,
    ".h5": HDF,
    ".hdf5": HDF,
    ".rds": R_FILE,
    ".rda": R_FILE,
    ".rdata": R_FILE,
    ".pkl": PICKLE,
    ".pickle": PICKLE,
    ".mdb": ACCESS,
    ".accdb": ACCESS,
    ".dbf": DBASE,
    ".nc": NETCDF,
}
UNKNOWN = "no text", "write it as CSV or Parquet with the program that made it"


def foreign_kind(file: Path, head: bytes) -> tuple[str, str] | None:
    """Return what a file is and the remedy, by its first bytes (unpacked), where they are known; None for others.

    Example:
        >>> foreign_kind(Path("survey.dta"), b"<stata_dta><header>")
        ('a Stata data file', "write it as Parquet with pandas: pandas.read_stata('survey.dta').to_parquet('table.parquet')")
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\v\f")
    for magic, what, remedy in FIRST_BYTES:
        # letters alone may be the name of a column; beside control characters they are not
        if start.startswith(magic) and (not magic.isalnum() or min(head) < 9):
            if magic == b"PK\x03\x04":
                what, remedy = next((found[1:] for found in ZIPPED if found[0] in head), (what, remedy))
            return what, remedy.format(file.name)
    if head[257:262] == b"ustar" and 0 in head[:257]:
        return "a tar archive", "unpack it: tar -xf"
    return None


def kind_by_name(file: Path) -> tuple[str, str]:
    """Return what a file that is no text may be, by the end of its name, and the remedy."""
    what, remedy = ENDINGS.get(file.suffix.lower(), UNKNOWN)
    return what, remedy.format(file.name)
