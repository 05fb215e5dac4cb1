package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	blockSize    = 4 << 10     // what a file takes on a disk at least
	abandoned    = time.Minute // after this a file under another name will not be finished
	namesAtOnce  = 1024
	foreignNames = 10_000 // files of others that are passed over
)

func blocks(size int64) int64 { return (size + blockSize - 1) / blockSize * blockSize }

// kept is one file of a directory.
type kept struct {
	name string
	size int64 // bytes, in whole blocks
	used time.Time
}

func repositoryPart(name string) string { return name[:repositoryDigits] }

// isEntry tells whether a file is one that this package writes.
func isEntry(name string) bool {
	return len(name) == repositoryDigits+1+keyDigits && name[repositoryDigits] == '-' &&
		strings.Trim(name[:repositoryDigits]+name[repositoryDigits+1:], "0123456789abcdef") == ""
}

// spare is what may be written, to one repository or to many, until the folder is measured again.
func (d *Directory) spare() int64 { return d.bound / 32 }

// makeRoom removes the least recently used entries until there is room for so many bytes. The folder is
// measured again each time that so much was written as is spare, so it may be shared and changed by others.
func (d *Directory) makeRoom(root *os.Root, size int64) error {
	if d.unknown >= 0 && d.unknown+size <= d.spare() {
		d.unknown += size
		return nil
	}
	files, err := d.list(root)
	if err != nil {
		return err
	}
	shares := map[string]int64{}
	var total int64
	for _, file := range files { // the last used first
		own := shares[repositoryPart(file.name)] + file.size
		if own > d.bound/8-d.spare() || total+file.size > d.bound-d.spare() {
			if err := root.Remove(file.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		shares[repositoryPart(file.name)] = own
		total += file.size
	}
	d.unknown = size
	return nil
}

// list returns the entries, the last used first, and removes what was never finished.
func (d *Directory) list(root *os.Root) ([]kept, error) {
	folder, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	var files []kept
	most := int(2*d.bound/blockSize) + foreignNames
	for seen := 0; ; {
		found, err := folder.ReadDir(namesAtOnce)
		for _, one := range found {
			if file, ok := entryOf(root, one); ok {
				files = append(files, file)
			}
		}
		if seen += len(found); seen > most {
			return nil, fmt.Errorf("the folder %s holds more than %d files; give cache.evidence.directory a folder of its own", d.path, most)
		}
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, func(a, b kept) int { return cmp.Or(b.used.Compare(a.used), strings.Compare(a.name, b.name)) })
	return files, nil
}

// entryOf measures an entry. An unfinished file of an old write is removed.
func entryOf(root *os.Root, one fs.DirEntry) (kept, bool) {
	name, _, unfinished := strings.Cut(one.Name(), temporary)
	if !isEntry(name) {
		return kept{}, false
	}
	info, err := one.Info()
	if err != nil || !info.Mode().IsRegular() {
		return kept{}, false
	}
	if unfinished {
		if time.Since(info.ModTime()) > abandoned {
			_ = root.Remove(one.Name())
		}
		return kept{}, false
	}
	return kept{name, blocks(info.Size()), info.ModTime()}, true
}
