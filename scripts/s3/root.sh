#!/bin/bash
# The root file system that the S3 server runs in. Sourced by s3-server.sh, never run.

# Debian 12's own Ceph takes wrong checksums and lacks more; this release behaves as AWS does.
readonly RELEASE=forky
readonly PACKAGES=(radosgw ceph-mon ceph-osd ceph-common)

# usage: ensure_root CACHE; prints the path of the root file system, built now where it is not there.
# It is built beside and renamed at the end: what has its final name is finished.
ensure_root() {
  local root work
  root=$1/$(recipe_id)
  if [ ! -d "$root" ]; then
    mkdir -p "$1"
    (
      flock -w 1800 9 || fail 3 "another run has held $1/build.lock for half an hour"
      [ ! -d "$root" ] || exit 0
      work=$root.building
      rm -rf "$work"
      printf 's3-server: building its root file system (once; a minute or two)\n' >&2
      build_root "$work" || fail 3 "the root file system could not be built; see above"
      mv -T "$work" "$root"
    ) 9>>"$1/build.lock"
  fi
  printf '%s' "$root"
}

# Changes with all that the root is made of.
recipe_id() {
  local sum
  sum=$({ printf '%s\n' "$RELEASE" "${PACKAGES[@]}" && declare -f build_root; } | sha256sum)
  printf 'ceph-%s' "${sum:0:12}"
}

# usage: build_root DIRECTORY
build_root() {
  local mirror
  command -v mmdebstrap >/dev/null || fail 3 'mmdebstrap is not installed: bash scripts/prepare.sh packages'
  mirror=$(debian_mirror) || return 1
  # The index of a testing release is valid for a week, which a mirror may lag behind. It must be signed all the same.
  # shellcheck disable=SC2016 # $1 is mmdebstrap's to expand
  mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Retries "3"' --aptopt='Acquire::Languages "none"' \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="$(IFS=, && printf '%s' "${PACKAGES[*]}")" --customize-hook='mkdir "$1/data" "$1/s3"' \
    "$RELEASE" "$1" "$mirror" >&2
}

# The mirror that this machine has Debian from.
debian_mirror() {
  # shellcheck disable=SC2016 # apt's to expand
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 2>/dev/null |
    awk '!found && $2 == "bookworm" && $3 == "main" && $1 ~ /^http/ { print $1; found = 1 } END { exit !found }' ||
    { printf 's3-server: this machine has no source of Debian 12 (bookworm, main, by http) in its sources.list\n' >&2 && return 1; }
}
