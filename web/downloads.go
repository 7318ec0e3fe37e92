package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/storage"
	"unireg/web/view"
)

// agentBuild is a build of the USB-key agent.
type agentBuild struct{ file, system, processor string }

// agentBuilds are what `make` builds, in the order of the page.
var agentBuilds = []agentBuild{
	{"ukey-windows-amd64.exe", "Windows", "64 位，Windows 10 及以上"},
	{"ukey-darwin-arm64", "macOS", "Apple 芯片"},
	{"ukey-darwin-amd64", "macOS", "Intel 处理器"},
	{"ukey-linux-amd64", "Linux", "x86-64（兆芯、海光等）"},
	{"ukey-linux-arm64", "Linux", "ARM64（飞腾、鲲鹏等）"},
}

// checksums remembers the SHA-256 of files, which take a moment to compute, for
// as long as a file keeps its size and time.
type checksums struct {
	mu   sync.Mutex
	sums map[string]checksum
}

type checksum struct {
	size     int64
	modified time.Time
	sum      string
}

func (c *checksums) of(files fs.FS, name string) (checksum, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return checksum{}, fmt.Errorf("look for download: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.sums[name]
	if ok && known.size == info.Size() && known.modified.Equal(info.ModTime()) {
		return known, nil
	}
	file, err := files.Open(name)
	if err != nil {
		return checksum{}, fmt.Errorf("open download: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return checksum{}, fmt.Errorf("read download: %w", err)
	}
	known = checksum{size: size, modified: info.ModTime(), sum: hex.EncodeToString(hash.Sum(nil))}
	if c.sums == nil {
		c.sums = map[string]checksum{}
	}
	c.sums[name] = known
	return known, nil
}

// showDownloads is 【CA驱动下载】. A file that this installation does not have is
// said to be missing.
func (s *Server) showDownloads(v *visit) error {
	m := view.DownloadsModel{Agent: s.AgentOrigin, Origin: s.Origin, Suggested: suggestedBuild(v.Get("User-Agent"))}
	for _, b := range agentBuilds {
		d := view.Download{System: b.system, Processor: b.processor, File: b.file, Href: "/downloads/" + b.file, Missing: true}
		if s.Downloads != nil {
			sum, err := s.checksums.of(s.Downloads, b.file)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err == nil {
				d.Missing, d.Size, d.SHA256 = false, sum.size, sum.sum
			}
		}
		m.Downloads = append(m.Downloads, d)
	}
	return v.render(http.StatusOK, view.DownloadsPage(v.page("CA驱动下载"), m))
}

// suggestedBuild is the build for the system that a browser names; "" where it
// does not say. Browsers on Macs do not tell their processor: new ones are ARM.
func suggestedBuild(agent string) string {
	switch {
	case strings.Contains(agent, "Android"), strings.Contains(agent, "iPhone"), strings.Contains(agent, "iPad"):
		return ""
	case strings.Contains(agent, "Windows"):
		return "ukey-windows-amd64.exe"
	case strings.Contains(agent, "Mac OS"):
		return "ukey-darwin-arm64"
	case strings.Contains(agent, "Linux") && strings.Contains(agent, "aarch64"):
		return "ukey-linux-arm64"
	case strings.Contains(agent, "Linux"):
		return "ukey-linux-amd64"
	}
	return ""
}

// sendDownload sends a build. Only the names of the list are looked up.
func (s *Server) sendDownload(v *visit) error {
	for _, b := range agentBuilds {
		if b.file != v.Params("file") {
			continue
		}
		if s.Downloads == nil {
			return errNoPage
		}
		file, err := s.Downloads.Open(b.file)
		if errors.Is(err, fs.ErrNotExist) {
			return errNoPage
		}
		if err != nil {
			return fmt.Errorf("open download: %w", err)
		}
		info, err := file.Stat()
		if err != nil {
			return errors.Join(fmt.Errorf("look at download: %w", err), file.Close())
		}
		v.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
		v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition(b.file, false))
		return v.send(file, info.Size())
	}
	return errNoPage
}
