package install

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Plan says where the program is put on a system, and what has it started when
// the user logs in.
type Plan struct {
	// Program is the installed program's path.
	Program string
	// Startup is the path of the file that has it started, with Contents; on
	// Windows the name of a value in the registry's Run key of the user.
	Startup, Contents string
}

// label names the program among what starts at login.
const label = "unireg-ukey"

// NewPlan decides for a system (runtime.GOOS) by the user's home folder and
// environment.
func NewPlan(system, home string, env func(string) string) (Plan, error) {
	switch system {
	case "windows":
		programs := env("LocalAppData")
		if programs == "" {
			programs = home + `\AppData\Local`
		}
		p := Plan{Program: programs + `\Programs\` + label + `\ukey.exe`, Startup: label}
		if strings.ContainsRune(p.Program, '"') {
			return Plan{}, fmt.Errorf("a path with a quotation mark: %s", p.Program)
		}
		p.Contents = `"` + p.Program + `" serve`
		return p, nil
	case "darwin":
		p := Plan{Program: home + "/Library/Application Support/" + label + "/bin/ukey", Startup: home + "/Library/LaunchAgents/" + label + ".plist"}
		p.Contents = launchAgent(p.Program)
		return p, nil
	case "linux":
		// The base directory specification ignores relative paths.
		base := func(name, otherwise string) string {
			if dir := env(name); strings.HasPrefix(dir, "/") {
				return dir
			}
			return home + otherwise
		}
		p := Plan{
			Program: base("XDG_DATA_HOME", "/.local/share") + "/" + label + "/ukey",
			Startup: base("XDG_CONFIG_HOME", "/.config") + "/autostart/" + label + ".desktop",
		}
		if strings.ContainsFunc(p.Program, func(r rune) bool { return r < ' ' }) {
			return Plan{}, fmt.Errorf("a path with control characters: %q", p.Program)
		}
		p.Contents = desktopEntry(p.Program)
		return p, nil
	default:
		return Plan{}, fmt.Errorf("the program cannot be installed on %s", system)
	}
}

// launchAgent is a property list that has launchd start the program at login.
func launchAgent(program string) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(program)) // a strings.Builder takes everything
	return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>` + label + `</string>
	<key>ProgramArguments</key>
	<array>
		<string>` + escaped.String() + `</string>
		<string>serve</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
</dict>
</plist>
`
}

// desktopEntry is an entry that has the desktop start the program at login. The
// command's quoting is the Exec key's, upon it lies that of string values
// (Desktop Entry Specification 1.5).
func desktopEntry(program string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(program)
	command := strings.ReplaceAll(`"`+quoted+`" serve`, `\`, `\\`)
	return `[Desktop Entry]
Type=Application
Name=CA 驱动
Comment=登录和签名时读取 CA 锁
Exec=` + command + `
Terminal=false
NoDisplay=true
`
}
