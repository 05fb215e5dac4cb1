package layout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// replace publishes once, as the verb crl does.
func replace(f Folder, path, content string) error {
	p, err := f.Publish(path)
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := p.Read(); err != nil {
		return err
	}
	return p.Replace([]byte(content))
}

// A published file is there whole, and all users can read it.
func TestPublish(t *testing.T) {
	f, path := Folder{t.TempDir()}, filepath.Join(t.TempDir(), "oci.crl")
	for _, content := range []string{"the first list", "the second"} {
		done(t, replace(f, path, content))
		if got := expect.Must(os.ReadFile(path))(t); string(got) != content {
			t.Errorf("%q", got)
		}
		if mode := expect.Must(os.Stat(path))(t).Mode(); mode != 0o644 {
			t.Errorf("mode %s", mode)
		}
	}
	if left := expect.Must(os.ReadDir(filepath.Dir(path)))(t); len(left) != 1 {
		t.Errorf("%v is left", left)
	}
}

// A place where something else is than a file is refused, and stays as it is.
func TestPublishInTheWrongPlace(t *testing.T) {
	f, web := Folder{t.TempDir()}, t.TempDir()
	at := func(name string) string { return filepath.Join(web, name) }
	g := newAuthority(t).keep(t, f, "root")
	done(t, errors.Join(
		os.WriteFile(at("file"), []byte("x"), 0o600), os.Symlink("file", at("link")), os.Symlink(g.File(KeyFile), at("key")), os.Symlink("nothing", at("dangling")),
		syscall.Mkfifo(at("pipe"), 0o600), os.Mkdir(at("folder"), 0o700), os.Symlink(g.Dir, at("inside")), os.Mkdir(g.File(crlDir), 0o700), os.Symlink(g.File(crlDir), at("crl")),
	))
	for _, tc := range []struct{ path, says string }{
		{at("link"), "is a symlink, and none is followed"}, {at("key"), "is a symlink"}, {at("dangling"), "is a symlink"}, {at("pipe"), "is a named pipe"},
		{at("folder"), "is a directory"}, {web + "/..", "is a directory"}, {"/", "is a directory"}, {at("file/x"), "not a directory"}, {at("nowhere/x"), "no such file"},
		{at("inside/key.pem"), "is in the PKI folder"}, {at("crl/1.crl"), "is in the PKI folder"}, {filepath.Join(f.Path, "root.crl"), "is in the PKI folder"},
	} {
		refused(t, tc.path, replace(f, tc.path, "list"), tc.says)
	}
	for _, name := range []string{"link", "key", "dangling"} {
		if expect.Must(os.Lstat(at(name)))(t).Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", name)
		}
	}
	if key := expect.Must(os.ReadFile(g.File(KeyFile)))(t); !strings.Contains(string(key), "PRIVATE KEY") {
		t.Errorf("the key is %q", key)
	}
}

// The file that was looked at is the one that is replaced, though others move it meanwhile.
func TestPublishWhileOthersWriteThere(t *testing.T) {
	for _, c := range []struct {
		name      string
		meanwhile func(t *testing.T, web string)
		says      string // or else it is replaced
		at        string // where, if elsewhere by then
	}{
		{"a link to the key", func(t *testing.T, web string) {
			done(t, errors.Join(os.Remove(web+"/oci.crl"), os.Symlink("../key.pem", web+"/oci.crl")))
		}, "was replaced meanwhile", ""},
		{"another file", func(t *testing.T, web string) {
			done(t, errors.Join(os.WriteFile(web+"/other", nil, 0o600), os.Rename(web+"/other", web+"/oci.crl")))
		}, "was replaced meanwhile", ""},
		{"a longer file", func(t *testing.T, web string) { done(t, os.WriteFile(web+"/oci.crl", []byte("the newest"), 0o600)) }, "was replaced meanwhile", ""},
		{"nothing", func(t *testing.T, web string) { done(t, os.Remove(web+"/oci.crl")) }, "was replaced meanwhile", ""},
		{"the directory", func(t *testing.T, web string) {
			done(t, errors.Join(os.Rename(web, web+".moved"), os.Mkdir(web, 0o700), os.Symlink("../key.pem", web+"/oci.crl")))
		}, "", ".moved/oci.crl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			web, key := dir+"/web", dir+"/key.pem"
			done(t, errors.Join(os.Mkdir(web, 0o700), os.WriteFile(web+"/oci.crl", []byte("the last"), 0o600), os.WriteFile(key, []byte("the key"), 0o600)))
			p := expect.Must(Folder{dir + "/pki"}.Publish(web + "/oci.crl"))(t)
			defer p.Close()
			if got := expect.Must(p.Read())(t); string(got) != "the last" {
				t.Fatalf("read %q", got)
			}
			c.meanwhile(t, web)
			err := p.Replace([]byte("the next"))
			if c.says == "" {
				done(t, err)
				if got := expect.Must(os.ReadFile(web + c.at))(t); string(got) != "the next" {
					t.Errorf("published %q", got)
				}
			} else {
				refused(t, c.name, err, c.says)
			}
			if got := expect.Must(os.ReadFile(key))(t); string(got) != "the key" {
				t.Errorf("the key is %q", got)
			}
			if left := expect.Must(filepath.Glob(web + "*/.making-*"))(t); len(left) > 0 {
				t.Errorf("%q is left", left)
			}
		})
	}
}

// A loop of links, as an attacker with a shell would run it: the key survives each run.
func TestPublishAgainstASwappedLink(t *testing.T) {
	dir := t.TempDir()
	web, key := dir+"/web", dir+"/key.pem"
	done(t, errors.Join(os.Mkdir(web, 0o700), os.WriteFile(web+"/oci.crl", []byte("list"), 0o600), os.WriteFile(key, []byte("the key"), 0o600)))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = errors.Join(os.Symlink("../key.pem", web+"/l"), os.Rename(web+"/l", web+"/oci.crl"))
			_ = errors.Join(os.WriteFile(web+"/f", []byte("list"), 0o600), os.Rename(web+"/f", web+"/oci.crl"))
		}
	}()
	for range 300 {
		_ = replace(Folder{dir + "/pki"}, web+"/oci.crl", "list") // whether it succeeds is a matter of luck
	}
	close(stop)
	<-stopped
	if got := expect.Must(os.ReadFile(key))(t); string(got) != "the key" {
		t.Errorf("the key is %q", got)
	}
}

// The directory may be reached through a symlink, which is followed once: where it leads afterwards changes nothing.
func TestPublishThroughASwappedParent(t *testing.T) {
	dir := t.TempDir()
	web, keys, link := dir+"/web", dir+"/keys", dir+"/current"
	done(t, errors.Join(os.Mkdir(web, 0o700), os.Mkdir(keys, 0o700), os.Symlink("web", link),
		os.WriteFile(web+"/oci.crl", []byte("the last"), 0o600), os.WriteFile(keys+"/oci.crl", []byte("the key"), 0o600)))
	p := expect.Must(Folder{dir + "/pki"}.Publish(link + "/oci.crl"))(t)
	defer p.Close()
	swap := func(to string) { done(t, errors.Join(os.Symlink(to, dir+"/l"), os.Rename(dir+"/l", link))) }
	swap("keys")
	if got := expect.Must(p.Read())(t); string(got) != "the last" {
		t.Errorf("read %q", got)
	}
	done(t, p.Replace([]byte("the next")))
	for _, tc := range []struct{ path, want string }{{web, "the next"}, {keys, "the key"}} {
		if got := expect.Must(os.ReadFile(tc.path + "/oci.crl"))(t); string(got) != tc.want {
			t.Errorf("%s has %q, want %q", tc.path, got, tc.want)
		}
		if left := expect.Must(filepath.Glob(tc.path + "/.making-*"))(t); len(left) > 0 {
			t.Errorf("%q is left", left)
		}
	}
}
