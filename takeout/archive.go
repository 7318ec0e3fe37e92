package takeout

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// archive is a zip that is being written, and the list of what is in it.
type archive struct {
	zip     *zip.Writer
	at      time.Time // of every entry
	beat    func()
	entries []entry
}

// entry is one line of manifest.json.
type entry struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// manifestName is the last entry, which lists all others.
const manifestName = "manifest.json"

func newArchive(to io.Writer, at time.Time, beat func()) *archive {
	return &archive{zip: zip.NewWriter(to), at: at, beat: beat}
}

// add writes an entry while it is read. What is packed already, as scans are, is
// stored as it is.
func (a *archive) add(path string, packed bool, content io.Reader) (entry, error) {
	a.beat()
	header := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: a.at}
	if packed {
		header.Method = zip.Store
	}
	to, err := a.zip.CreateHeader(header)
	if err != nil {
		return entry{}, fmt.Errorf("write archive: %w", err)
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(to, sum), beating{content, a.beat})
	if err != nil {
		return entry{}, fmt.Errorf("write archive: %w", err)
	}
	written := entry{path, size, hex.EncodeToString(sum.Sum(nil))}
	a.entries = append(a.entries, written)
	return written, nil
}

// bytes writes an entry.
func (a *archive) bytes(path string, content []byte) error {
	_, err := a.add(path, false, bytes.NewReader(content))
	return err
}

// json writes a value as JSON, indented for those who look into it.
func (a *archive) json(path string, value any) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return a.bytes(path, content.Bytes())
}

// close writes the list of all entries and ends the archive.
func (a *archive) close() error {
	manifest := struct {
		AsOf    time.Time `json:"as_of"`
		Entries []entry   `json:"entries"`
	}{a.at, a.entries}
	if err := a.json(manifestName, manifest); err != nil {
		return err
	}
	if err := a.zip.Close(); err != nil {
		return fmt.Errorf("end archive: %w", err)
	}
	return nil
}

// beating tells of every piece that is read.
type beating struct {
	io.Reader
	beat func()
}

// Read is io.Reader's.
func (b beating) Read(p []byte) (int, error) {
	b.beat()
	return b.Reader.Read(p)
}
