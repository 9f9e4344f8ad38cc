# Run as root inside of somebody's container, as `sh -c`: removes folders of ours, and those above them
# that are empty then.
#
# usage: remove.sh FOLDER...
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
for folder in "$@"; do
  rm -rf -- "$folder"
  rmdir "${folder%/*}" 2>/dev/null
done
