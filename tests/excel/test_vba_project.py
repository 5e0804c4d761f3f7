"""The writer of VBA projects: what it writes, other readers read back."""

from __future__ import annotations

import io

import olefile
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.excel.vba_host import module_texts, unpacked
from vrp_xl.errors import InputError
from vrp_xl.excel.vba.compression import compress
from vrp_xl.excel.vba.container import compound_file
from vrp_xl.excel.vba.project import Module, read_module, vba_project

PROJECT_ID = "{6E0B7F52-41C3-4F0B-9C58-2D1A7B34E0A1}"
LINES = st.lists(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"])), max_size=60)


@given(st.text(st.sampled_from("ab \r\n"), max_size=9000).map(str.encode))
@example(b"")
@example(b"x")
@example(b"a" * 4096)
@example(b"a" * 4097)
@example(bytes(range(256)) * 40)
def test_what_is_compressed_comes_back(data: bytes) -> None:
    """Olevba unpacks what we pack."""
    assert unpacked(compress(data)) == data


@given(st.binary(max_size=3500))
def test_what_cannot_be_compressed_comes_back(data: bytes) -> None:
    """Bytes without any pattern survive too."""
    assert unpacked(compress(data)) == data


def test_a_full_chunk_without_a_pattern_is_stored() -> None:
    """A chunk that would grow is stored as it is."""
    state, data = 1, bytearray()
    while len(data) < 4096:
        state = state * 6364136223846793005 + 1442695040888963407 & (2**64 - 1)
        data += state.to_bytes(8, "little")
    packed = compress(bytes(data))
    assert len(packed) == 1 + 2 + 4096
    assert unpacked(packed) == bytes(data)


def test_compression_pays() -> None:
    """VBA text shrinks to less than half."""
    text = b"    answer(i) = TrueError(answer(i))\r\n    Next i\r\n" * 400
    assert len(compress(text)) < len(text) / 2


@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=12),
        st.binary(max_size=200) | st.sampled_from([b"x" * 4095, b"y" * 4096, b"z" * 70_000]),
        max_size=12,
    )
)
def test_a_container_gives_back_its_streams(streams: dict[str, bytes]) -> None:
    """Olefile finds every stream, short or long, and no defect."""
    data = compound_file({"VBA": streams, "PROJECT": b"text"})
    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_POTENTIAL) as ole:
        assert ole.openstream("PROJECT").read() == b"text"
        assert len(ole.listdir()) == len(streams) + 1
        for name, content in streams.items():
            assert ole.openstream(f"VBA/{name}").read() == content


@given(st.integers(1, 40))
def test_the_directory_is_a_red_black_tree(count: int) -> None:
    """No red entry has a red child, and every way down passes as many black ones."""
    data = compound_file({f"s{n}": b"x" for n in range(count)})
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        entries = ole.direntries

        def blacks(number: int, above: int) -> int:
            if number == 0xFFFFFFFF:
                return 1
            entry = entries[number]
            assert above == 1 or entry.color == 1
            left = blacks(entry.sid_left, entry.color)
            assert left == blacks(entry.sid_right, entry.color)
            return left + entry.color

        root = entries[0].sid_child
        assert entries[root].color == 1 or count == 1
        blacks(root, 1)


def test_too_much_for_the_container() -> None:
    """More than the header can name is refused."""
    with pytest.raises(InputError, match="too big"):
        compound_file({"big": bytes(8_000_000)})


@given(LINES)
def test_modules_come_back(lines: list[str]) -> None:
    """The text of a module is what olevba reads from the project."""
    modules = [Module("ThisWorkbook", "", "workbook"), Module("Own", "\n".join(lines))]
    texts = module_texts(vba_project("VrpXl", PROJECT_ID, modules))
    assert texts == {m.name: m.source for m in modules}
    assert texts["Own"].startswith('Attribute VB_Name = "Own"\r\n')


def test_equal_texts_give_equal_bytes() -> None:
    """Nothing of the day or the machine is in a project."""
    modules = [Module("ThisWorkbook", "", "workbook"), Module("Own", "' text")]
    assert vba_project("A", PROJECT_ID, modules) == vba_project("A", PROJECT_ID, modules)
    assert vba_project("A", PROJECT_ID, modules) != vba_project("B", PROJECT_ID, modules)


def test_what_the_project_says_of_its_modules() -> None:
    """Documents, modules and classes are listed as what they are; nothing is locked."""
    modules = [
        Module("ThisWorkbook", "", "workbook"),
        Module("Sheet1", "", "sheet"),
        Module("Own", ""),
        Module("Thing", "", "class"),
    ]
    data = vba_project("VrpXl", PROJECT_ID, modules)
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        said = ole.openstream("PROJECT").read().decode().splitlines()
        assert ole.openstream("VBA/_VBA_PROJECT").read()[:4] == b"\xcc\x61\xff\xff"
    assert said[:6] == [
        f'ID="{PROJECT_ID}"',
        "Document=ThisWorkbook/&H00000000",
        "Document=Sheet1/&H00000000",
        "Module=Own",
        "Class=Thing",
        'Name="VrpXl"',
    ]
    protection = next(line for line in said if line.startswith("CMG="))
    assert _clear(protection.split('"')[1]) == bytes(4)


def _clear(text: str) -> bytes:
    """An obfuscated string of the PROJECT stream in clear ([MS-OVBA] 2.4.3.3)."""
    data = bytes.fromhex(text)
    seed, version, key = data[0], data[0] ^ data[1], data[0] ^ data[2]
    assert version == 2
    plain, last, before = key, data[2], data[1]
    out = bytearray()
    for byte in data[3:]:
        plain = byte ^ ((before + plain) & 0xFF)
        before, last = last, byte
        out.append(plain)
    filler = (seed & 6) // 2
    length = int.from_bytes(out[filler : filler + 4], "little")
    assert len(out) == filler + 4 + length
    return bytes(out[filler + 4 :])


def test_two_modules_of_one_name() -> None:
    """VBA does not tell upper from lower case, so neither may the names."""
    with pytest.raises(InputError, match="own"):
        vba_project("A", PROJECT_ID, [Module("Own", ""), Module("own", "")])


def test_letters_that_vba_does_not_have() -> None:
    """A text outside code page 1252 is refused with the module's name."""
    with pytest.raises(InputError, match="Own"):
        vba_project("A", PROJECT_ID, [Module("Own", "' \u2265 1")])


def test_reading_an_exported_module() -> None:
    """The head of an exported file is not code."""
    head = 'VERSION 1.0 CLASS\nBEGIN\nEND\nAttribute VB_Name = "Thing"\n'
    text = f"{head}Attribute VB_Exposed = True\nDim x"
    module = read_module(text, "class")
    assert (module.name, module.code) == ("Thing", "Dim x")
    assert "Attribute VB_PredeclaredId = False" in module.source
    with pytest.raises(InputError, match="VB_Name"):
        read_module("Dim x")
