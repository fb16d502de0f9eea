# Runs inside the sandbox and carries out a build: unpack, patch, then the package's script.
# Everything it uses comes from the build root. `lading.store.realise` sets the variables.
set -eo pipefail

# Put what $1 holds into the new directory $2. Where an archive holds a single directory, as
# nearly all source archives do, that directory's contents are taken.
unpack() {
    local archive=$1 target=$2 entries
    mkdir -p /build/.unpack
    case $archive in
    *.tar | *.tar.* | *.tgz | *.tbz2 | *.txz | *.crate)
        tar -C /build/.unpack --no-same-owner -xf "$archive"
        ;;
    *.zip | *.whl | *.jar)
        python3 -m zipfile -e "$archive" /build/.unpack
        ;;
    *.deb)
        mkdir /build/.deb
        (cd /build/.deb && ar x "$archive")
        tar -C /build/.unpack --no-same-owner -xf /build/.deb/data.tar.*
        rm -r /build/.deb
        # A Debian package's top directory is the root of a file system, never a wrapper.
        mv /build/.unpack "$target"
        return
        ;;
    *)
        cp -r "$archive" /build/.unpack/
        mv /build/.unpack "$target"
        return
        ;;
    esac
    chmod -R u+rwX /build/.unpack
    entries=(/build/.unpack/*)
    if [ "${#entries[@]}" = 1 ] && [ -d "${entries[0]}" ]; then
        mv "${entries[0]}" "$target"
        rm -rf /build/.unpack
    else
        mv /build/.unpack "$target"
    fi
}

if [ -n "$lading_source_archive" ]; then
    unpack "$lading_source_archive" "$src"
elif [ -n "$lading_source_tree" ]; then
    cp -r "$lading_source_tree" "$src"
    chmod -R u+rwX "$src"
else
    mkdir -p "$src"
fi
cd "$src"

for lading_patch in /lading/patches/*; do
    [ -e "$lading_patch" ] || continue
    echo "applying ${lading_patch##*/}"
    patch -p1 --batch --fuzz=0 <"$lading_patch"
done
unset lading_patch lading_source_archive lading_source_tree

# What is done where a package has no script of its own.
default_script() {
    if [ -x ./configure ]; then
        ./configure --prefix="$out"
    fi
    make -j"$JOBS"
    make install PREFIX="$out" prefix="$out"
}

. /lading/script.sh
