//go:build e2e

package cluster

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// capabilityNumbers are those that a container may ask for. The first fourteen are what container runtimes give.
func capabilityNumbers() (names []string, numbers map[string]int) {
	numbers = map[string]int{
		"CHOWN": unix.CAP_CHOWN, "DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "FSETID": unix.CAP_FSETID, "FOWNER": unix.CAP_FOWNER,
		"MKNOD": unix.CAP_MKNOD, "NET_RAW": unix.CAP_NET_RAW, "SETGID": unix.CAP_SETGID, "SETUID": unix.CAP_SETUID,
		"SETFCAP": unix.CAP_SETFCAP, "SETPCAP": unix.CAP_SETPCAP, "NET_BIND_SERVICE": unix.CAP_NET_BIND_SERVICE,
		"SYS_CHROOT": unix.CAP_SYS_CHROOT, "KILL": unix.CAP_KILL, "AUDIT_WRITE": unix.CAP_AUDIT_WRITE,
	}
	for name := range numbers {
		names = append(names, name)
	}
	numbers["NET_ADMIN"], numbers["SYS_PTRACE"], numbers["SYS_ADMIN"] = unix.CAP_NET_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_SYS_ADMIN
	numbers["IPC_LOCK"], numbers["SYS_NICE"], numbers["SYS_TIME"] = unix.CAP_IPC_LOCK, unix.CAP_SYS_NICE, unix.CAP_SYS_TIME
	return names, numbers
}

// capabilities are those that remain after what is dropped and added.
func capabilities(change *corev1.Capabilities) ([]string, error) {
	kept, known := capabilityNumbers()
	if change == nil {
		return kept, nil
	}
	for _, dropped := range change.Drop {
		kept = slices.DeleteFunc(kept, func(name string) bool { return dropped == "ALL" || name == plainCapability(dropped) })
	}
	for _, added := range change.Add {
		name := plainCapability(added)
		if _, ok := known[name]; !ok {
			return nil, fmt.Errorf("capability %q is not supported", added)
		}
		kept = append(kept, name)
	}
	return kept, nil
}

func plainCapability(c corev1.Capability) string {
	return strings.TrimPrefix(strings.ToUpper(string(c)), "CAP_")
}

// dropCapabilities takes away from the calling thread, and so from the program that it becomes, all but those kept. What a
// program of root gets is what its bounding set has; others get none anyway.
func dropCapabilities(kept []string) error {
	_, numbers := capabilityNumbers()
	keep := map[int]bool{}
	for _, name := range kept {
		keep[numbers[name]] = true
	}
	for number := 0; number <= unix.CAP_LAST_CAP; number++ {
		if keep[number] {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(number), 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) { // a kernel may know fewer
			return fmt.Errorf("dropping capability %d: %w", number, err)
		}
	}
	return nil
}

// OneUser is true in a user namespace with no more than one user: where the tests were not started as root. There, users
// and groups of pods do not count.
func OneUser() bool {
	data, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	fields := strings.Fields(string(data))
	return len(fields) == 3 && fields[2] == "1"
}
