#!/bin/sh
# build.sh VERSION: build/mq_VERSION_ARCH.deb from the tree, and one package for each helper; "make deb" runs it.  The same tree always gives the same
# bytes: times are those of the last commit, or SOURCE_DATE_EPOCH.

set -eu
umask 022
export LC_ALL=C
cd "$(dirname "$0")/../.."
version=$1
here=dist/debian
work=build/deb
root=$work/debian/mq

for tool in dpkg-deb dpkg-shlibdeps strip; do
	command -v "$tool" >/dev/null || {
		echo "make deb: no $tool here: on Debian, install dpkg-dev; elsewhere, use make install" >&2
		exit 1
	}
done

[ -n "${SOURCE_DATE_EPOCH:-}" ] ||
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y NEWS.md)
export SOURCE_DATE_EPOCH
arch=$(dpkg --print-architecture)
maintainer=${MAINTAINER:-The mq authors <mq@mq.invalid>}

# Its own objects, beside the others and never mixed with them; the path of the tree is not to be in them.
rm -rf "$work/debian"
# shellcheck disable=SC2016 # make and then the shell of its recipes expand it
${MAKE:-make} --no-print-directory SAN= B="$work/obj" MQ="$work/obj/mq" CPPFLAGS='-ffile-prefix-map="$$PWD"=.' \
    DESTDIR="$root" PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions \
    SYSTEMDUNITDIR=/lib/systemd/system DOCS="README.md NEWS.md spool-format.md" install >/dev/null
strip --remove-section=.comment --remove-section=.note "$root/usr/bin/mq" "$root/usr/libexec/mq/mq-engine-mq"

doc=$root/usr/share/doc/mq
cp "$here/copyright" "$doc/copyright"
cat >"$doc/changelog" <<END
mq ($version) unstable; urgency=medium

  * See NEWS.md.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
gzip -9n "$doc/changelog" "$doc/NEWS.md" "$doc/README.md" "$doc/spool-format.md" "$root"/usr/share/man/man?/*
chmod 644 "$doc"/*

# pack ROOT NAME VERSION...: close a tree and make a package of it; DEBIAN/ is there.
pack() {
	(cd "$1" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$work/md5sums"
	install -m 644 "$work/md5sums" "$1/DEBIAN"
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" '{}' +
	dpkg-deb -Zxz --root-owner-group --build "$1" "build/$2_${version}_$arch.deb" >/dev/null
	echo "build/$2_${version}_$arch.deb"
}

# A package for each helper that is built, since each brings the library of its engine; mq's own needs none.
for helper in "$root"/usr/libexec/mq/mq-engine-*; do
	name=${helper##*/}
	[ "$name" != mq-engine-mq ] || continue
	tree=$work/debian/$name
	mkdir -p "$tree/DEBIAN" "$tree/usr/libexec/mq" "$tree/usr/share/doc/$name" "$tree/usr/share/man/man7"
	mv "$helper" "$tree/usr/libexec/mq/"
	strip --remove-section=.comment --remove-section=.note "$tree/usr/libexec/mq/$name"
	[ ! -e "$root/usr/share/man/man7/$name.7.gz" ] || mv "$root/usr/share/man/man7/$name.7.gz" "$tree/usr/share/man/man7/"
	cp "$here/copyright" "$doc/changelog.gz" "$tree/usr/share/doc/$name/"
	printf 'Source: mq\n\nPackage: %s\nArchitecture: any\n' "$name" >"$work/debian/control"
	cat >"$tree/DEBIAN/control" <<END
Package: $name
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(find "$tree" -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
Depends: mq (= $version), $(cd "$work" && dpkg-shlibdeps -O "debian/$name/usr/libexec/mq/$name" | sed -n 's/^shlibs:Depends=//p')
Section: utils
Priority: optional
Description: durable message queues in plain directories: ${name#mq-engine-} helper
 What mq relay and mq -s URL need to reach an engine of this kind; see
 $name(7).
END
	pack "$tree" "$name"
done

printf 'Source: mq\n\nPackage: mq\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O debian/mq/usr/bin/mq debian/mq/usr/libexec/mq/mq-engine-mq | sed -n 's/^shlibs:Depends=//p')
size=$(find "$root" -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')

mkdir "$root/DEBIAN"
sed -e "s|@VERSION@|$version|; s|@ARCH@|$arch|; s|@MAINTAINER@|$maintainer|; s|@SIZE@|$size|; s|@DEPENDS@|$depends|" \
    "$here/control.in" >"$root/DEBIAN/control"
install -m 755 "$here/postinst" "$here/prerm" "$here/postrm" "$root/DEBIAN"
pack "$root" mq
