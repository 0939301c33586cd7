"""Looks whether an archive is a Unity package as the Package Manager and the editor want it, and unpacks it.

    unity_package.py libraries FOLDER         makes small files that say of themselves that they are libraries
    unity_package.py check ARCHIVE FOLDER     unpacks into FOLDER, which must not be there yet, and checks; prints the path of
                                              the library that a player for 64-bit Linux takes
    unity_package.py versions                 checks that Cargo, NuGet and Unity are told one version

It must not use the packing program's own tables. Invariant: what is wrong is named in one line, and the exit code is 1.
"""
import json
import pathlib
import re
import struct
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[3]

# Scenes and scripts refer to assets by these: they must be the same in every release.
PINNED = {
    "Runtime/Coffer.Database.asmdef": "9d96570715d323fa94a1ea97862ec837",
    "Runtime/Database.cs": "bfa8a3e6e6e265a41d41fd10f3c1f883",
    "Plugins/Linux/x86_64/libcoffer.so": "991ccfb1255d7b414a020dddf456ca20",
}
IMPORTERS = {".cs": "MonoImporter", ".asmdef": "AssemblyDefinitionImporter", ".md": "TextScriptImporter",
             ".so": "PluginImporter", ".dll": "PluginImporter", ".dylib": "PluginImporter", ".a": "PluginImporter"}
# The library's path: the editor's system and processor, the player and its processor.
NATIVE = {
    "Plugins/Linux/x86_64/libcoffer.so": ("Linux", "x86_64", "Standalone: Linux64", "x86_64"),
    "Plugins/Windows/x86_64/coffer.dll": ("Windows", "x86_64", "Standalone: Win64", "x86_64"),
    "Plugins/macOS/ARM64/libcoffer.dylib": ("OSX", "ARM64", "Standalone: OSXUniversal", "ARM64"),
    "Plugins/Android/arm64-v8a/libcoffer.so": (None, None, "Android: Android", "ARM64"),
    "Plugins/Android/armeabi-v7a/libcoffer.so": (None, None, "Android: Android", "ARMv7"),
    "Plugins/iOS/libcoffer.a": (None, None, "iPhone: iOS", "AnyCPU"),
}


class Fault(Exception):
    """What is wrong, in one line."""


def check(good, what):
    if not good:
        raise Fault(what)


def elf(machine):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(40)


def libraries(folder):
    """Files with the headers of libraries, for the platforms that cannot be built everywhere."""
    made = {
        "linux-arm64/native/libcoffer.so": elf(183),
        "win-x64/native/coffer.dll": b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664),
        "osx-arm64/native/libcoffer.dylib": struct.pack("<II", 0xFEEDFACF, 0x0100000C) + bytes(24),
        "android-arm64/native/libcoffer.so": elf(183),
        "android-arm/native/libcoffer.so": elf(40),
        "ios-arm64/native/libcoffer.a": b"!<arch>\n",
    }
    for path, data in made.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def unpack(archive, folder):
    """Unpacks what npm would: plain files below package/."""
    files = set()
    with tarfile.open(archive, "r:gz") as tar:
        for entry in tar:
            check(entry.isfile(), f"{entry.name} is not a plain file")
            check(entry.name.startswith("package/") and ".." not in entry.name.split("/"), f"{entry.name} is not below package/")
            path = entry.name[len("package/"):]
            check(path not in files, f"{path} is there twice")
            files.add(path)
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(tar.extractfile(entry).read())
    return files


def is_hidden(path):
    return any(part.endswith("~") or part.startswith(".") for part in path.split("/"))


def guid_of(path, text):
    found = re.findall(r"^guid: (.*)$", text, re.MULTILINE)
    check(text.startswith("fileFormatVersion: 2\n"), f"{path} does not begin with its format")
    check(len(found) == 1 and re.fullmatch("[0-9a-f]{32}", found[0]), f"{path} has no valid GUID")
    return found[0]


def check_metas(folder, files):
    assets = {path for path in files if not path.endswith(".meta")}
    folders = {parent.as_posix() for path in assets for parent in pathlib.PurePosixPath(path).parents if parent.name}
    wanted = {path + ".meta" for path in assets | folders if not is_hidden(path)}
    metas = {path for path in files if path.endswith(".meta")}
    check(not wanted - metas, f"no .meta: {sorted(wanted - metas)}")
    check(not metas - wanted, f"a .meta of nothing that Unity looks at: {sorted(metas - wanted)}")
    guids = {}
    for path in sorted(metas):
        asset = path[:-len(".meta")]
        text = (folder / path).read_text(encoding="utf-8")
        guid = guid_of(path, text)
        check(guid not in guids, f"{path} and {guids.get(guid)} have one GUID")
        guids[guid] = path
        check(guid == PINNED.get(asset, guid), f"{path}: the GUID is not that of earlier releases")
        if asset in folders:
            check("\nfolderAsset: yes\nDefaultImporter:\n" in text, f"{path} is not a folder's")
            continue
        name = "PackageManifestImporter" if asset == "package.json" else IMPORTERS.get(pathlib.PurePosixPath(asset).suffix)
        check(name and f"\n{name}:\n" in text, f"{path}: wanted {name}")
        check("folderAsset" not in text, f"{path} says that it is a folder")
    for asset in PINNED:
        check(asset + ".meta" in metas, f"{asset} is not in the package")


def check_native(folder, files):
    """The import settings: each library for one kind of player, and for the editor of that system. Gives Linux's path."""
    native = {path for path in files if path.startswith("Plugins/") and not path.endswith(".meta")}
    check(native == set(NATIVE), f"the libraries are {sorted(native)}")
    linux = []
    for path, (system, editor, player, processor) in NATIVE.items():
        text = (folder / (path + ".meta")).read_text(encoding="utf-8")
        entries = re.findall(r"  - first:\n      (.*)\n    second:\n      enabled: ([01])\n      settings:(.*\n(?:        .*\n)*)", text)
        settings = {first: (enabled == "1", dict(re.findall(r"^ {8}(\w+): (.*)$", rest, re.MULTILINE)))
                    for first, enabled, rest in entries}
        check(len(settings) == len(entries) == 3, f"{path}: {len(entries)} platforms in its .meta")
        check(settings.get("Any: ") == (False, {}), f"{path} is not kept from other platforms")
        check(player in settings and settings[player] == (True, {"CPU": processor}), f"{path} is not for {player}, {processor}")
        on, values = settings.get("Editor: Editor", (None, {}))
        check(on == (system is not None), f"{path}: wrong for the editor")
        check(values.get("OS") == system and values.get("CPU") == editor, f"{path}: wrong for the editor's system")
        check("\n  isPreloaded: 0\n" in text, f"{path} is loaded whether it is used or not")
        linux += [path] if settings.get("Standalone: Linux64", (False,))[0] else []
    check(len(linux) == 1, f"a player for Linux has {linux}")
    return folder / linux[0]


def check_manifest(folder):
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    check(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+){2}", manifest["name"]), "the name is not in reverse domain form")
    check(re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"]), "the version is not major.minor.patch")
    check(re.fullmatch(r"\d{4}\.\d", manifest["unity"]), "the least version of Unity is not like 2019.4")
    check(manifest["samples"], "there is no sample")
    for sample in manifest["samples"]:
        check(sample["displayName"] and sample["description"], "a sample has no name or description")
        check(sample["path"].startswith("Samples~/"), f"{sample['path']} is imported with the package")
        check(list((folder / sample["path"]).glob("*.cs")), f"{sample['path']} holds no script")
    changes = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    check(f"\n## {manifest['version']}\n" in changes, f"CHANGELOG.md has nothing of {manifest['version']}")
    definition = json.loads((folder / "Runtime/Coffer.Database.asmdef").read_text(encoding="utf-8"))
    check(definition["name"] == "Coffer.Database" and definition["allowUnsafeCode"] and definition["noEngineReferences"]
          and definition["autoReferenced"] and "WebGL" in definition["excludePlatforms"], "Coffer.Database.asmdef has other settings")


def check_sources(folder):
    ours = {file.name: file.read_bytes() for file in (ROOT / "bindings/csharp").glob("*.cs")}
    theirs = {file.name: file.read_bytes() for file in (folder / "Runtime").glob("*.cs")}
    check(ours and ours == theirs, "Runtime does not hold the C# sources as they are")


def versions():
    def find(path, pattern):
        return re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE).group(1)

    told = {path: find(path, pattern) for path, pattern in (
        ("Cargo.toml", r'^version = "(.*)"$'),
        ("bindings/csharp/Coffer.csproj", r"<Version>(.*)</Version>"),
        ("bindings/unity/package.json", r'^  "version": "(.*)",$'),
    )}
    check(len(set(told.values())) == 1, f"the versions differ: {told}")


def main():
    what, *rest = sys.argv[1:] or [""]
    try:
        if what == "libraries" and len(rest) == 1:
            libraries(pathlib.Path(rest[0]))
        elif what == "check" and len(rest) == 2:
            folder = pathlib.Path(rest[1])
            check(not folder.exists(), f"{folder} is there already")
            files = unpack(rest[0], folder)
            check_metas(folder, files)
            check_manifest(folder)
            check_sources(folder)
            print(check_native(folder, files))
        elif what == "versions" and not rest:
            versions()
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except (Fault, KeyError, ValueError, tarfile.TarError) as error:
        print(f"{' '.join(sys.argv[1:3])}: {error!r}" if not isinstance(error, Fault) else str(error), file=sys.stderr)
        return 1
    return 0


sys.exit(main())
