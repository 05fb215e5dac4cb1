package trust

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/notaryproject/notation-go/verifier/truststore"
)

// Unread is a file or folder among the trust stores that was not read: a certificate
// that was meant to be trusted may be in it.
type Unread struct {
	// Store is <type>:<name>; empty for a file outside all stores.
	Store string
	// File is its name within the store, or its path below the x509 folder.
	File string
	Why  string
}

// String is one line for people.
func (u Unread) String() string {
	if u.Store == "" {
		return fmt.Sprintf("%s was not read: %s", filepath.Join("x509", u.File), u.Why)
	}
	return fmt.Sprintf("%s: %s was not read: %s", u.Store, u.File, u.Why)
}

// hidden tells why a hidden file is not read: the kubelet keeps the versions of a
// volume in hidden folders, with links beside them that lead there, and editors keep
// their copies in hidden files. The kubelet's own are nothing to tell of.
func hidden(path string) string {
	info, err := os.Stat(path)
	if strings.HasPrefix(filepath.Base(path), "..") && (err != nil || info.IsDir()) {
		return volume
	}
	return "its name begins with a dot; notation would read it: rename it, or move it away"
}

// volume is why the kubelet's hidden folders are not read.
const volume = "it is the kubelet's"

// worthTelling leaves out what the kubelet makes in each volume.
func worthTelling(u Unread) bool { return u.Why != volume }

func listed(unread []Unread) string {
	var files []string
	for _, u := range unread {
		if worthTelling(u) {
			files = append(files, fmt.Sprintf("%s (%s)", u.File, u.Why))
		}
	}
	if len(files) == 0 {
		return ""
	}
	return "; not read: " + strings.Join(files, ", ")
}

// outside finds files and folders that are in no store that a statement names: a folder whose name has a
// typing error, a certificate that was put beside the stores.
func outside(dir string, named func(store string) bool) []Unread {
	var unread []Unread
	add := func(file, why string) { unread = append(unread, Unread{File: file, Why: why}) }
	for _, entry := range visible(filepath.Join(dir, "x509")) {
		kind := entry.Name()
		if !slices.Contains(truststore.Types, truststore.Type(kind)) {
			add(kind, fmt.Sprintf("it is none of the folders %v", truststore.Types))
			continue
		}
		for _, store := range visible(filepath.Join(dir, "x509", kind)) {
			file := filepath.Join(kind, store.Name())
			switch {
			case !isFolder(filepath.Join(dir, "x509", file)):
				add(file, "it is in no store; put it into the folder of one")
			case !named(kind + ":" + store.Name()):
				add(file, "no statement of the trust policy names it")
			}
		}
	}
	return unread
}

// visible are the entries of a folder whose names do not begin with a dot; none if it
// cannot be read, which is an error elsewhere if a statement needs it.
func visible(folder string) []os.DirEntry {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
