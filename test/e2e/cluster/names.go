//go:build e2e

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const clusterDomain = "cluster.local"

// names are those of hosts outside the cluster.
type names struct {
	mu     sync.Mutex
	hosts  map[string]netip.Addr
	number int
}

func newNames() *names { return &names{hosts: map[string]netip.Addr{}} }

// AddHost gives names to an address that pods and the tests reach, and at which the tests can listen: that of a registry,
// say. It is one of 203.0.113.0/24, which is not private: as if it were outside the cluster.
func (c *Cluster) AddHost(hosts ...string) (ip string) {
	c.names.mu.Lock()
	c.names.number++
	address := netip.AddrFrom4([4]byte{203, 0, 113, byte(c.names.number)})
	c.names.mu.Unlock()
	c.nameHost(address, hosts)
	return address.String()
}

// AddHostAt is [Cluster.AddHost] with an IPv4 address of the caller's choice, such as 10.250.0.1, which is a private one. It
// must not be of a pod, node or service. A name that is there already moves to the address.
func (c *Cluster) AddHostAt(ip string, hosts ...string) error {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return err
	}
	if err := addAddress("lo", ip+"/32"); err != nil {
		return err
	}
	c.nameHost(address, hosts)
	return nil
}

func (c *Cluster) nameHost(address netip.Addr, hosts []string) {
	c.names.mu.Lock()
	defer c.names.mu.Unlock()
	for _, host := range hosts {
		c.names.hosts[strings.ToLower(host)] = address
	}
}

// errNoName says that nothing has the name.
var errNoName = errors.New("no such name")

// lookup resolves a full name, without the dot at the end, as the cluster's DNS would.
func (c *Cluster) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	name = strings.ToLower(name)
	c.names.mu.Lock()
	host, ok := c.names.hosts[name]
	c.names.mu.Unlock()
	if ok {
		return []netip.Addr{host}, nil
	}
	inside, ok := strings.CutSuffix(name, ".svc."+clusterDomain)
	if !ok {
		return nil, errNoName
	}
	labels := strings.Split(inside, ".")
	var service corev1.Service
	switch {
	case len(labels) < 2 || len(labels) > 3:
		return nil, errNoName
	case c.agent.known.Get(ctx, client.ObjectKey{Namespace: labels[len(labels)-1], Name: labels[len(labels)-2]}, &service) != nil:
		return nil, errNoName
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		return c.lookup(ctx, service.Spec.ExternalName)
	case hasClusterIP(&service) && len(labels) == 2:
		ip, err := netip.ParseAddr(service.Spec.ClusterIP)
		return []netip.Addr{ip}, err
	}
	hostname := ""
	if len(labels) == 3 {
		hostname = labels[0]
	}
	return c.endpointAddresses(ctx, &service, hostname)
}

// endpointAddresses are those of a headless service's endpoints that are ready, or of the one with
// the host name. With publishNotReadyAddresses these are all: the controller calls them ready.
func (c *Cluster) endpointAddresses(ctx context.Context, service *corev1.Service, hostname string) ([]netip.Addr, error) {
	all, err := endpointSlices(ctx, c.agent.known, service)
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for _, slice := range all {
		for _, e := range slice.Endpoints {
			if !pick(e.Conditions.Ready, nil, true) || hostname != "" && (e.Hostname == nil || *e.Hostname != hostname) {
				continue
			}
			for _, address := range e.Addresses {
				if ip, err := netip.ParseAddr(address); err == nil {
					addresses = append(addresses, ip)
				}
			}
		}
	}
	if len(addresses) == 0 && hostname != "" {
		return nil, errNoName
	}
	return addresses, nil
}

// startNames serves DNS over UDP and TCP.
func (c *Cluster) startNames(ctx context.Context) error {
	var config net.ListenConfig
	packets, err := config.ListenPacket(ctx, "udp", dnsIP+":53")
	if err != nil {
		return fmt.Errorf("listening for DNS: %w", err)
	}
	c.onStop(func() { _ = packets.Close() })
	listener, err := config.Listen(ctx, "tcp", dnsIP+":53")
	if err != nil {
		return fmt.Errorf("listening for DNS: %w", err)
	}
	c.onStop(func() { _ = listener.Close() })
	life := context.WithoutCancel(ctx)
	go c.answerPackets(life, packets)
	go acceptAll(listener, func(connection net.Conn) { c.answerStream(life, connection) })
	return nil
}
