package bundle

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// Another user who may write in the parent of --out puts a folder of theirs in the place of the one that is made. No file of
// theirs is written into, for it could be read by them, and no link of theirs is followed.
func TestBundleInASwappedFolder(t *testing.T) {
	trust, _ := soundTrust(t)
	for _, c := range []struct {
		name    string
		prepare func(parent, making string) error
		words   string
	}{
		{"a file of theirs", func(_, making string) error {
			return errors.Join(os.Mkdir(making, 0o700), os.WriteFile(making+"/trustpolicy.json", []byte("theirs"), 0o666))
		}, "file exists"},
		{"a link to a file", func(parent, making string) error {
			return errors.Join(os.Mkdir(making, 0o700), os.Symlink(parent+"/key.pem", making+"/trustpolicy.json"))
		}, "file exists"},
		{"a link to a folder", func(_, making string) error {
			return errors.Join(os.Mkdir(making, 0o700), os.Symlink("../elsewhere", making+"/truststore"))
		}, "escapes from parent"},
		{"a link in the folder's place", func(_, making string) error { return os.Symlink("elsewhere", making) }, "was replaced meanwhile"},
		{"a link out of the parent", func(_, making string) error { return os.Symlink("..", making) }, "escapes from parent"},
	} {
		parent := t.TempDir()
		making := filepath.Join(parent, "making")
		done(t, errors.Join(os.WriteFile(parent+"/key.pem", []byte("theirs"), 0o600), os.Mkdir(parent+"/elsewhere", 0o700), c.prepare(parent, making)))
		root := expect.Must(os.OpenRoot(parent))(t)
		_, err := fill(root, "making", making, files(t, trust))
		refused(t, c.name, errors.Join(err, root.Close()), c.words)
		for _, path := range []string{parent + "/key.pem", making + "/trustpolicy.json"} {
			content, err := os.ReadFile(path)
			if err == nil && c.name != "a link in the folder's place" && c.name != "a link to a folder" && string(content) != "theirs" {
				t.Errorf("%s: %s is %q", c.name, path, content)
			}
		}
	}
}
