package ca

import (
	"crypto"
	"encoding/pem"
	"testing"

	"github.com/youmark/pkcs8"
)

// FuzzDecodeKey asks that no file whatever makes it panic, and that what it takes for a key is one that can be written.
func FuzzDecodeKey(f *testing.F) {
	key := testKey(f, ECP256)
	plain, err := EncodeKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	for _, kdf := range []pkcs8.KDFOpts{
		pkcs8.ScryptOpts{SaltSize: 16, CostParameter: 2, BlockSize: 1, ParallelizationParameter: 1},
		pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: 1, HMACHash: crypto.SHA256},
	} {
		f.Add(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: quickKey(f, kdf)}))
	}
	for _, file := range senseless(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		key, err := DecodeKey(file, says(testPassphrase))
		if (key == nil) == (err == nil) {
			t.Fatalf("key %T and error %v", key, err)
		}
		if err != nil {
			return
		}
		if _, err := EncodeKey(key); err != nil {
			t.Errorf("a key that cannot be written: %v", err)
		}
	})
}
