// Package settings keeps what the agent remembers between its runs: which
// portals may use it. They are a JSON file in the user's configuration folder.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder holds the agent's files below the user's configuration folder.
const folder = "unireg-ukey"

// Dir is where the agent keeps its files.
func Dir() (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the configuration folder: %w", err)
	}
	return filepath.Join(config, folder), nil
}

// File is the settings file at a path. One that is missing is empty.
type File string

type contents struct {
	Origins []string `json:"origins"`
}

// Origins lists the origins that are allowed.
func (f File) Origins() ([]string, error) {
	c, err := f.read()
	return c.Origins, err
}

// Add allows an origin. It returns how it is written in the Origin header.
func (f File) Add(origin string) (string, error) {
	normal, err := Origin(origin)
	if err != nil {
		return "", err
	}
	return normal, f.update(func(c *contents) {
		if !slices.Contains(c.Origins, normal) {
			c.Origins = append(c.Origins, normal)
		}
	})
}

// Remove forbids an origin, and says whether it was allowed.
func (f File) Remove(origin string) (bool, error) {
	normal, err := Origin(origin)
	if err != nil {
		normal = origin // whatever stands in the file can be removed
	}
	there := false
	err = f.update(func(c *contents) {
		there = slices.Contains(c.Origins, normal)
		c.Origins = slices.DeleteFunc(c.Origins, func(o string) bool { return o == normal })
	})
	return there, err
}

func (f File) read() (contents, error) {
	encoded, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return contents{}, nil
	}
	if err != nil {
		return contents{}, fmt.Errorf("read the settings: %w", err)
	}
	var c contents
	if err := json.Unmarshal(encoded, &c); err != nil {
		return contents{}, fmt.Errorf("read the settings %s: %w", string(f), err)
	}
	return c, nil
}

func (f File) update(change func(*contents)) error {
	c, err := f.read()
	if err != nil {
		return err
	}
	change(&c)
	encoded, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the settings: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	beside := string(f) + ".new"
	if err := os.WriteFile(beside, append(encoded, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	if err := os.Rename(beside, string(f)); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// Origin returns an origin as browsers write it in the Origin header: scheme,
// host in lower case, port unless it is the scheme's own. It must be https, or
// http on this computer: browsers let no other page reach the agent.
func Origin(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("%q is no origin such as https://reg.example.cn", text)
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" || !named(host):
		return "", fmt.Errorf("%q is no origin such as https://reg.example.cn", text)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(host)):
		return "", fmt.Errorf("%q: an origin is https, or http on this computer", text)
	case u.Scheme == "https" && port == "443", u.Scheme == "http" && port == "80":
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}

// named says whether a host is a name or address in the letters of the Origin
// header, where browsers write a name of other letters as xn--.
func named(host string) bool {
	if strings.Contains(host, ":") {
		return net.ParseIP(host) != nil
	}
	return len(host) <= 253 && !strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
