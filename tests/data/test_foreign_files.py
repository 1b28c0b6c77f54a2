"""Files that tables are often kept in and that are none here: named for what they are, with the way out."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.orc
import pytest
import scipy.io

import steepest
from steepest.data.sources.foreign_files import ENDINGS, FIRST_BYTES, foreign_kind, kind_by_name

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 7.0]})


def _stata(version):
    stream = io.BytesIO()
    FRAME.to_stata(stream, version=version, write_index=False)
    return stream.getvalue()


def _matlab():
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"t": FRAME.to_numpy()})
    return stream.getvalue()


def _matlab_4():
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"t": FRAME.to_numpy()}, format="4")
    return stream.getvalue()


def _feather(version):
    stream = io.BytesIO()
    pa.feather.write_feather(pa.table({"x": [1, 2]}), stream, version=version)
    return stream.getvalue()


def _orc():
    stream = io.BytesIO()
    pa.orc.write_table(pa.table({"x": [1, 2]}), stream)
    return stream.getvalue()


def _stream():
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, pa.schema([("x", pa.int64())])) as writer:
        writer.write_table(pa.table({"x": [1, 2]}))
    return stream.getvalue()


def _arrays():
    stream = io.BytesIO()
    np.savez(stream, X=np.eye(2))
    return stream.getvalue()


def _zip(name):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "<x/>")
    return stream.getvalue()


FILES = {
    "t.dta": (_stata(118), "a Stata data file.*pandas.read_stata\\('t.dta'\\).to_parquet"),
    "old.dta": (_stata(114), "a Stata data file.*pandas.read_stata"),
    "t.sav": (b"$FL2@(#) SPSS DATA FILE" + bytes(200), "an SPSS data file.*pandas.read_spss"),
    "t.zsav": (b"$FL3@(#) SPSS DATA FILE" + bytes(200), "an SPSS data file.*pandas.read_spss"),
    "t.sas7bdat": (
        bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c") + bytes(90),
        "a SAS data file.*pandas.read_sas",
    ),
    "t.xpt": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", "a SAS data file.*pandas.read_sas"),
    "t.avro": (b"Obj\x01\x04\x14avro.codec\x08null", "an Avro file.*read_avro\\('t.avro'\\)"),
    "t.mat": (_matlab(), "a MATLAB data file.*writetable"),
    "old.mat": (_matlab_4(), "a MATLAB data file.*writetable"),
    "t.xlsx": (_zip("xl/workbook.xml"), "an Excel workbook.*save the sheet as CSV"),
    "t.ods": (
        _zip("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
        "an OpenDocument spreadsheet.*save the sheet",
    ),
    "t.feather": (_feather(2), "an Arrow IPC file .*pandas.read_feather"),
    "t.arrows": (_stream(), "an Arrow stream.*write it as Parquet"),
    "t.orc": (_orc(), "an ORC file.*pandas.read_orc"),
    "t.h5": (b"\x89HDF\r\n\x1a\n" + bytes(90), "an HDF5 file.*write the table"),
    "t.rds": (b"X\n\x00\x00\x00\x03" + bytes(30), "an R data file.*write.csv"),
    "t.RData": (b"RDX3\nX\n\x00\x00\x00\x03", "an R data file.*write.csv"),
    "t.pkl": (pickle.dumps(FRAME), "a Python pickle.*never opened"),
    "arrays.zip": (_arrays(), "an archive of NumPy arrays.*ends in .npz"),
    "t.7z": (b"7z\xbc\xaf'\x1c\x00\x04", "packed by 7-Zip.*unpack"),
    "t.mdb": (b"\x00\x01\x00\x00Standard Jet DB\x00", "an Access database.*export the table"),
    "t.png": (b"\x89PNG\r\n\x1a\n" + bytes(9), "a picture.*give the table itself"),
    "t.dbf": (b"\x03\x7a\x01\x01\x03\x00\x00\x00\x61\x00", "a dBase file.*Write it as CSV"),
    "t.bin": (b"\x00\x00\x07\x01" * 9 + b"abc", "no text.*program that made it"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_foreign_file_is_named_with_a_remedy(name, tmp_path):
    content, sentence = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(steepest.DataError, match=sentence):
        steepest.summarize(tmp_path / name, target="y")


def test_text_that_begins_like_a_foreign_file_is_read(tmp_path):
    for name in ("MATLAB score", "ORC", "FEA1", "PARE", "GIF8", "$FL2", "HEADER"):
        file = tmp_path / "t.csv"
        file.write_text(f"{name},y\n1,2\n2,4\n3,7\n")
        assert steepest.summarize(file, target="y").features == (name,)


def test_every_remedy_is_a_phrase_without_a_full_stop():
    known = [foreign_kind(Path("t"), magic + b"\0") for magic, *_ in FIRST_BYTES]
    by_name = [kind_by_name(Path(f"t{ending}")) for ending in ENDINGS]
    for found in (*known, *by_name):
        assert found is not None
        what, remedy = found
        assert what
        assert remedy[0].islower()
        assert "{" not in remedy
        assert not remedy.endswith(".")
