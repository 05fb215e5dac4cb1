package trust

import (
	"encoding/hex"
	"errors"
	"sync/atomic"
)

// Files is the trust in force, kept up with its files.
type Files struct {
	load    func() (*Snapshot, error) // for the goroutine of Reload
	current atomic.Pointer[Snapshot]
}

// Open loads the files for the first time, or says everything that is wrong with them.
func Open(policyFile, storeDir string) (*Files, error) {
	f := &Files{load: func() (*Snapshot, error) { return Load(policyFile, storeDir) }}
	snapshot, err := f.load()
	if err != nil {
		return nil, err
	}
	f.current.Store(snapshot)
	return f, nil
}

// Prepare loads other files, and returns what puts them in force; until then, and on an error,
// nothing changes. It and what it returns are called from the goroutine of Reload.
func (f *Files) Prepare(policyFile, storeDir string) (apply func(), err error) {
	load := func() (*Snapshot, error) { return Load(policyFile, storeDir) }
	snapshot, err := load()
	if err != nil {
		return nil, err
	}
	return func() {
		f.load = load
		f.current.Store(snapshot)
	}, nil
}

// Current returns the snapshot in force.
func (f *Files) Current() *Snapshot { return f.current.Load() }

// Name is what the files are called in logs and readiness.
func (f *Files) Name() string { return "trust" }

// Hash is of the policy and the certificates in force.
func (f *Files) Hash() []byte {
	hash, err := hex.DecodeString(f.Current().digest)
	if err != nil {
		panic(err) // of a digest that is not hexadecimal
	}
	return hash
}

// Notes tells which files were not read, for the snapshot in force.
func (f *Files) Notes() []string { return f.Current().Notes() }

// Reload reads the files again and puts what is new in force. On an error the old
// snapshot stays.
func (f *Files) Reload() (changed bool, err error) {
	snapshot, err := f.load()
	if err != nil {
		return false, err
	}
	if snapshot.digest == f.Current().digest {
		return false, nil
	}
	// Policy and certificates are several files, and may be several volumes: what
	// was read in the middle of a change is no version that anyone wrote.
	again, err := f.load()
	if err != nil {
		return false, err
	}
	if again.digest != snapshot.digest {
		return false, errors.New("the files are being changed; reading them again soon")
	}
	f.current.Store(snapshot)
	return true, nil
}
