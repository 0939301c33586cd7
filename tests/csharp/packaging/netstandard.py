"""Makes a stand-in for the package NETStandard.Library 2.0.3, which `dotnet pack` needs and a machine without the NuGet gallery lacks.

    netstandard.py SDK_FOLDER FEED_FOLDER

It holds the reference assembly of .NET Standard 2.1 that comes with the SDK, under the number of 2.0: what is compiled with it
refers to 2.0, as what is released does. It must not be used for a release: it would let a member through that is new in
2.1. (The tests run what was compiled on Mono's runtime library too, which has to have each member that is used.)
"""
import pathlib
import struct
import sys
import zipfile

NUSPEC = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2012/06/nuspec.xsd">
  <metadata>
    <id>NETStandard.Library</id>
    <version>2.0.3</version>
    <authors>stand-in</authors>
    <description>A stand-in for tests.</description>
    <dependencies><group targetFramework=".NETStandard2.0" /></dependencies>
  </metadata>
</package>
"""


def main():
    sdk, feed = map(pathlib.Path, sys.argv[1:])
    (reference,) = sdk.glob("packs/NETStandard.Library.Ref/*/ref/netstandard2.1/netstandard.dll")
    data = reference.read_bytes()
    # The row of the assembly itself: hash algorithm SHA-1, then the four numbers of the version.
    row = struct.Struct("<IHHHH")
    old = row.pack(0x8004, 2, 1, 0, 0)
    if data.count(old) != 1:
        sys.exit(f"{reference} does not hold its version where it was looked for")
    feed.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(feed / "NETStandard.Library.2.0.3.nupkg", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("NETStandard.Library.nuspec", NUSPEC)
        package.writestr("ref/netstandard2.0/netstandard.dll", data.replace(old, row.pack(0x8004, 2, 0, 0, 0)))
        package.writestr("lib/netstandard2.0/_._", "")


main()
