package reload

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// MaxFile is the size of the largest file that is read, 4 MiB: far above any
// certificate, policy or list of credentials.
const MaxFile = 4 << 20

// Contents holds what was in files, by path.
type Contents map[string][]byte

// Read returns the contents of the files at paths, following symlinks. A file
// that is missing, not a regular file, or larger than [MaxFile] is an error that
// names it.
func Read(paths ...string) (Contents, error) {
	c := make(Contents, len(paths))
	for _, path := range paths {
		data, err := regularfile.Read(path, MaxFile)
		if err != nil {
			return nil, err
		}
		c[path] = data
	}
	return c, nil
}

// Fingerprint is equal for equal contents under equal paths, and for nothing
// else: each path and each content goes into the SHA-256 with its length.
func (c Contents) Fingerprint() [sha256.Size]byte {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(c)) {
		for _, part := range [][]byte{[]byte(path), c[path]} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			h.Write(part)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Files is a fixed set of files that are parsed together, like a certificate
// and its key. It is for use from one goroutine at a time.
type Files struct {
	paths []string
	taken [sha256.Size]byte // the contents that load took last
	ever  bool              // whether load ever took any
}

// NewFiles returns the files at paths. Nothing is read yet.
func NewFiles(paths ...string) *Files { return &Files{paths: slices.Clone(paths)} }

// Load reads the files and, if they are not what load took last, gives them to load. The contents
// count as taken only when load returns nil: broken ones are tried again, and fail again, with each
// call. So a [Source] whose state is in files needs no more than this for its Reload. Nothing can
// change between the comparison and the parsing: both see the same bytes.
func (f *Files) Load(load func(Contents) error) (changed bool, err error) {
	c, err := Read(f.paths...)
	if err != nil {
		return false, err
	}
	now := c.Fingerprint()
	if f.ever && now == f.taken {
		return false, nil
	}
	if err := load(c); err != nil {
		return false, err
	}
	f.taken, f.ever = now, true
	return true, nil
}
