#!/bin/sh
# In a namespace of mounts and processes of its own: goes into ROOT, which stays as it is, and becomes inside.sh there.
# usage: enter.sh ROOT DATA ARGUMENT...
set -eu
root=$1 data=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
mount --bind "$(dirname "$0")" "$root/s3"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root bash /s3/inside.sh "$@"
