package valkey

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// dialMaster asks the Sentinels in turn which server is the master, and connects to it. Where one is a replica by then,
// a write fails, and go-redis gives up the connection: the next one asks again.
func (s *session) dialMaster(ctx context.Context, network, _ string) (net.Conn, error) {
	var wrong error
	for _, seed := range s.seeds {
		master, err := seed.Do(ctx, "sentinel", "get-master-addr-by-name", s.options.Master).StringSlice()
		if errors.Is(err, redis.Nil) || err == nil && len(master) != 2 {
			err = errors.New("it knows no such master")
		}
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("ask the Sentinel %s: %w", seed.Options().Addr, plain(err)))
			continue
		}
		conn, err := s.dial(ctx, network, net.JoinHostPort(master[0], master[1]))
		if err == nil {
			return conn, nil
		}
		wrong = errors.Join(wrong, err)
	}
	return nil, wrong
}

func (s *session) clusterOptions() *redis.ClusterOptions {
	o := s.clientOptions("", s.dial)
	return &redis.ClusterOptions{
		Addrs: s.options.Addresses, ClusterSlots: s.slots, Dialer: o.Dialer, Protocol: o.Protocol,
		Username: s.options.Username, Password: s.password,
		MaxRetries: o.MaxRetries, MinRetryBackoff: o.MinRetryBackoff, MaxRetryBackoff: o.MaxRetryBackoff, MaxRedirects: 3,
		DialTimeout: o.DialTimeout, DialerRetries: o.DialerRetries,
		ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, ContextTimeoutEnabled: o.ContextTimeoutEnabled,
		PoolSize: o.PoolSize, PipelinePoolSize: o.PipelinePoolSize, ConnMaxLifetime: o.ConnMaxLifetime,
		ReadBufferSize: o.ReadBufferSize, WriteBufferSize: o.WriteBufferSize,
		DisableIdentity: true, DisableRoutingPolicies: true, ClusterStateReloadInterval: slotsAge,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// slots asks the configured nodes in turn who has which slots. Only masters count: a replica has no more to say.
func (s *session) slots(ctx context.Context) (slots []redis.ClusterSlot, err error) {
	defer recovered(&err)
	var wrong error
	for _, seed := range s.seeds {
		slots, err := seed.ClusterSlots(ctx).Result() //nolint:staticcheck // servers before 7 have no CLUSTER SHARDS, and 7 tells wrong ones after a failover
		if err == nil {
			slots, err = masters(slots, seed.Options().Addr)
		}
		if err == nil {
			return slots, nil
		}
		wrong = errors.Join(wrong, fmt.Errorf("ask %s for the slots of the Cluster: %w", seed.Options().Addr, plain(err)))
	}
	return nil, wrong
}

// masters completes the addresses of nodes from that of the one that was asked, which leaves out its own host, and the
// port where there is TLS alone.
func masters(slots []redis.ClusterSlot, asked string) ([]redis.ClusterSlot, error) {
	askedHost, askedPort, err := net.SplitHostPort(asked)
	if err != nil {
		return nil, err
	}
	nodes := map[string]bool{}
	for i, slot := range slots {
		if len(slot.Nodes) == 0 {
			return nil, errors.New("it knows slots without a node")
		}
		host, port, err := net.SplitHostPort(slot.Nodes[0].Addr)
		if err != nil {
			return nil, errors.New("it knows a node without an address")
		}
		if host == "" || host == "?" {
			host = askedHost
		}
		if port == "0" {
			port = askedPort
		}
		slots[i].Nodes = []redis.ClusterNode{{Addr: net.JoinHostPort(host, port)}}
		if nodes[slots[i].Nodes[0].Addr] = true; len(nodes) > mostNodes {
			return nil, fmt.Errorf("it knows more than %d nodes", mostNodes)
		}
	}
	if len(slots) == 0 {
		return nil, errors.New("it knows no slots")
	}
	return slots, nil
}
