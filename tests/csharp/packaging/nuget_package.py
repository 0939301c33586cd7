"""Looks whether a NuGet package is as its users need it.

    nuget_package.py check FEED_FOLDER VERSION RUNTIMES     the package and its symbols in FEED_FOLDER
    nuget_package.py deps DEPS_FILE VERSION RUNTIMES        what the build of a program wrote down for .NET Core

It must not take the project file's word for anything. Invariant: what is wrong is named in one line, and the exit code is 1.
"""
import json
import pathlib
import struct
import sys
import xml.etree.ElementTree
import zipfile


class Fault(Exception):
    """What is wrong, in one line."""


def check(good, what):
    if not good:
        raise Fault(what)


def natives(runtimes):
    return {"runtimes/" + file.relative_to(runtimes).as_posix(): file.read_bytes()
            for file in runtimes.rglob("*") if file.is_file()}


def check_nuspec(text, version):
    root = xml.etree.ElementTree.fromstring(text)
    space = root.tag[:root.tag.index("}") + 1]
    data = root.find(space + "metadata")

    def value(name):
        return data.findtext(space + name)

    check(value("id") == "Coffer" and value("version") == version, "another name or version")
    check(value("authors") and value("description") and value("tags"), "authors, description or tags are missing")
    licence = data.find(space + "license")
    check(licence is not None and licence.get("type") == "expression" and licence.text == "MIT", "no licence expression")
    groups = data.findall(f"{space}dependencies/{space}group")
    check([group.get("targetFramework") for group in groups] == [".NETStandard2.0"], "not for .NET Standard 2.0 alone")
    check(not list(groups[0]), "it depends on other packages")


def referenced(assembly):
    """The names and versions of the assemblies that one refers to, read from its metadata tables."""
    at = assembly.index(b"BSJB")
    streams, place = {}, at + 16 + struct.unpack_from("<I", assembly, at + 12)[0] + 4
    for _ in range(struct.unpack_from("<H", assembly, place - 2)[0]):
        offset, size = struct.unpack_from("<II", assembly, place)
        end = assembly.index(b"\0", place + 8)
        streams[assembly[place + 8:end].decode()] = assembly[at + offset:at + offset + size]
        place = place + 8 + (end - place - 8) // 4 * 4 + 4
    # A row of AssemblyRef for netstandard: four numbers, flags, then key and name as offsets of two or four bytes.
    strings = streams["#Strings"]
    found = set()
    wide = streams["#~"][6]
    name_format, blob_format = ("I" if wide & 1 else "H"), ("I" if wide & 4 else "H")
    row = struct.Struct(f"<HHHHI{blob_format}{name_format}{name_format}{blob_format}")
    for index in range(len(streams["#~"]) - row.size):
        major, minor, build, revision, flags, _, name, culture, _ = row.unpack_from(streams["#~"], index)
        if 0 < name < len(strings) and flags == 0 and culture == 0:
            text = strings[name:strings.index(b"\0", name)]
            if text in (b"netstandard", b"mscorlib", b"System.Runtime") and major in (2, 4):
                found.add((text.decode(), f"{major}.{minor}.{build}.{revision}"))
    return found


def check_package(feed, version, runtimes):
    with zipfile.ZipFile(feed / f"Coffer.{version}.nupkg") as package:
        names = package.namelist()
        files = {name: package.read(name) for name in names
                 if not name.startswith(("_rels/", "package/")) and name not in ("[Content_Types].xml", "Coffer.nuspec")}
        check(len(names) == len(set(names)) and "[Content_Types].xml" in names, "not a package that NuGet can read")
        check_nuspec(package.read("Coffer.nuspec").decode("utf-8-sig"), version)
    wanted = set(natives(runtimes)) | {"lib/netstandard2.0/Coffer.Database.dll", "lib/netstandard2.0/Coffer.Database.xml", "README.md",
                                       "build/net461/Coffer.targets", "buildTransitive/net461/Coffer.targets"}
    check(set(files) == wanted, f"the files differ: {sorted(set(files) ^ wanted)}")
    for name, data in natives(runtimes).items():
        check(files[name] == data, f"{name} is another file")
    refers = referenced(files["lib/netstandard2.0/Coffer.Database.dll"])
    check(refers == {("netstandard", "2.0.0.0")}, f"the assembly refers to {refers}")
    xml.etree.ElementTree.fromstring(files["build/net461/Coffer.targets"])
    check(b"M:Coffer.Database.SavePersistentData(System.String,System.String)" in files["lib/netstandard2.0/Coffer.Database.xml"],
          "the documentation does not document")
    with zipfile.ZipFile(feed / f"Coffer.{version}.snupkg") as symbols:
        check("lib/netstandard2.0/Coffer.Database.pdb" in symbols.namelist(), "the symbols are missing")


def check_deps(file, version, runtimes):
    targets = json.loads(file.read_text(encoding="utf-8"))["targets"]
    (libraries,) = targets.values()
    told = libraries[f"Coffer/{version}"]["runtimeTargets"]
    wanted = {name: {"rid": name.split("/")[1], "assetType": "native"} for name in natives(runtimes)}
    got = {name: {key: entry[key] for key in ("rid", "assetType")} for name, entry in told.items()}
    check(got == wanted, f"{file.name} names {got}")
    for name, data in natives(runtimes).items():
        check((file.parent / name).read_bytes() == data, f"{name} beside the program is another file")


def main():
    try:
        what, place, version, runtimes = sys.argv[1:]
        {"check": check_package, "deps": check_deps}[what](pathlib.Path(place), version, pathlib.Path(runtimes))
    except (Fault, KeyError, ValueError, OSError) as error:
        sys.exit(str(error) if isinstance(error, Fault) else repr(error))


main()
