package openssl

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// recipe is what is made by a configuration: ca, oci and signer.
type recipe struct {
	cnf         string
	bits        int
	oci, signer string
}

// followed is where a recipe was followed.
type followed struct {
	sync.Mutex
	in string // the folder, once it is made
}

// recipes are those that are followed, each a *followed: RSA keys take long to make.
var recipes sync.Map

// recipe gives the bench a CA by a configuration: NAME.key, encrypted, and NAME.pem, and signer.chain.pem, and the files in which
// openssl keeps its record. Benches that ask for the same get copies of one.
func (b *bench) recipe(cnf string, bits int, oci, signer string) {
	b.Helper()
	r := recipe{cnf, bits, oci, signer}
	there, _ := recipes.LoadOrStore(r, &followed{})
	made := there.(*followed) //nolint:forcetypeassert // stored above
	made.Lock()
	defer made.Unlock()
	if made.in == "" {
		kitchen := &bench{b.T, rig.Must(os.MkdirTemp(binaries.Dir, "recipe-"))(b)}
		kitchen.write("pass", b.read("pass"))
		kitchen.follow(r)
		made.in = kitchen.dir
	}
	for _, file := range rig.Must(os.ReadDir(made.in))(b) {
		b.write(file.Name(), rig.Must(os.ReadFile(filepath.Join(made.in, file.Name())))(b))
	}
}

// follow makes what the recipe says, in the bench's folder.
func (b *bench) follow(r recipe) {
	b.Helper()
	b.write("openssl.cnf", rig.Must(os.ReadFile("testdata/"+r.cnf))(b))
	b.write("index.txt", nil)
	b.write("crlnumber", []byte("01\n"))
	for _, name := range []string{"ca", r.oci, "signer"} {
		b.openssl(fmt.Sprintf("genrsa -aes256 -passout file:pass -out %s.key %d", name, r.bits))
	}
	b.openssl("req -config openssl.cnf -x509 -new -key ca.key -passin file:pass -days 36500 -extensions v3_ca -out ca.pem -subj", caName)
	b.openssl("req -config openssl.cnf -new -key "+r.oci+".key -passin file:pass -out oci.csr -subj", ociName)
	b.openssl("ca -config openssl.cnf -name root_ca -batch -passin file:pass -in oci.csr -out " + r.oci + ".pem")
	b.openssl("req -config openssl.cnf -new -key signer.key -passin file:pass -out signer.csr -subj", r.signer)
	b.openssl("ca -config openssl.cnf -name oci_ca -batch -passin file:pass -in signer.csr -out signer.pem")
	b.join("signer.chain.pem", "signer.pem", r.oci+".pem", "ca.pem")
}
