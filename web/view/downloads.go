package view

import "strings"

// Download is a build of the agent.
type Download struct {
	System, Processor string // e.g. Windows, 64 位（x64）
	File, Href        string
	Size              int64
	SHA256            string // hex
	Missing           bool   // this installation does not have the file
}

// DownloadsModel is 【CA驱动下载】.
type DownloadsModel struct {
	Downloads []Download
	Suggested string // file for the system that the browser names; "" for none
	Agent     string // address of the agent, e.g. http://127.0.0.1:17680
	Origin    string // of this portal, which the agent has to allow
}

// macFile is the build that the command for macOS names.
func (m DownloadsModel) macFile() string {
	if strings.HasPrefix(m.Suggested, "ukey-darwin-") {
		return m.Suggested
	}
	return "ukey-darwin-arm64"
}

// suggested is the build for the person's own system.
func (m DownloadsModel) suggested() (Download, bool) {
	for _, d := range m.Downloads {
		if d.File == m.Suggested && !d.Missing {
			return d, true
		}
	}
	return Download{}, false
}
