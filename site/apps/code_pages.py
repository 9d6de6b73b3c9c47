"""Code pages that Python in the browser lacks, decoded with the browser's `TextDecoder`."""

import codecs
import sys

LABELS = {
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "cp1253": "windows-1253",
    "cp1254": "windows-1254",
    "cp1257": "windows-1257",
    "mac_roman": "macintosh",
    "gb18030": "gb18030",
    "big5": "big5",
    "shift_jis": "shift_jis",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
}
"""Python's name -> the name in the Encoding Standard (https://encoding.spec.whatwg.org)."""


def find(name):
    """The read-only codec of that name, or None; a search function for `codecs.register`."""
    label = LABELS.get(name.replace("-", "_"))
    if label is None:
        return None
    from js import Object, TextDecoder
    from pyodide.ffi import JsException, to_js

    def decode(data, _errors="strict"):
        reader = TextDecoder.new(label, to_js({"fatal": True}, dict_converter=Object.fromEntries))
        try:
            return reader.decode(to_js(bytes(data))), len(data)
        except JsException:
            raise UnicodeDecodeError(name, bytes(data), 0, len(data), "no text in this code page") from None

    def encode(text, _errors="strict"):
        raise UnicodeEncodeError(name, text, 0, len(text), "this code page is for reading only")

    return codecs.CodecInfo(encode, decode, name=name)


def register():
    """Register these codecs, in the browser only; a codec that Python has comes first."""
    if sys.platform == "emscripten":
        codecs.register(find)
