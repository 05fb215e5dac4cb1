//go:build e2e

package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// maxPacket is what a UDP answer may hold; a longer one is asked for again over TCP.
const maxPacket = 1232

func (c *Cluster) answerPackets(ctx context.Context, packets net.PacketConn) {
	buffer := make([]byte, 4096)
	for {
		n, from, err := packets.ReadFrom(buffer)
		if err != nil {
			return
		}
		if answer, err := c.answer(ctx, buffer[:n], maxPacket); err == nil {
			_, _ = packets.WriteTo(answer, from)
		}
	}
}

func (c *Cluster) answerStream(ctx context.Context, connection net.Conn) {
	defer func() { _ = connection.Close() }()
	for {
		_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
		var length uint16
		if binary.Read(connection, binary.BigEndian, &length) != nil {
			return
		}
		question := make([]byte, length)
		if _, err := io.ReadFull(connection, question); err != nil {
			return
		}
		answer, err := c.answer(ctx, question, 65535)
		if err != nil {
			return
		}
		if _, err := connection.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answer answers questions for A records. Other types have no records.
func (c *Cluster) answer(ctx context.Context, packet []byte, limit int) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(packet)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	message := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question},
	}
	addresses, err := c.lookup(ctx, strings.TrimSuffix(question.Name.String(), "."))
	switch {
	case errors.Is(err, errNoName):
		message.RCode = dnsmessage.RCodeNameError
	case err != nil:
		message.RCode = dnsmessage.RCodeServerFailure
	case question.Type == dnsmessage.TypeA:
		for _, address := range addresses {
			if address.Is4() {
				message.Answers = append(message.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
					Body:   &dnsmessage.AResource{A: address.As4()},
				})
			}
		}
	}
	packed, err := message.Pack()
	if err == nil && len(packed) > limit {
		message.Answers, message.Truncated = nil, true
		return message.Pack()
	}
	return packed, err
}
