package agent

import (
	_ "embed" // the template
	"html/template"
	"net/http"

	"unireg/cmd/ukey/internal/install"
)

//go:embed install.html
var installText string

var installPage = template.Must(template.New("install").Parse(installText))

// Program is this program as it is installed on the computer.
type Program interface {
	State() (install.State, error)
	// Install installs the program. moved says that the installed one takes
	// over from this one, seconds after the answer.
	Install() (moved bool, err error)
	// Uninstall takes the program away; the service ends seconds after the
	// answer.
	Uninstall() error
}

// installModel is what the page of the installation shows.
type installModel struct {
	install.State
	Moving  bool   // the installed program is taking over
	Removed bool   // it was uninstalled
	Fault   string // what the system said, in its words
	CSRF    string
}

func installing(*http.Request) string { return "install" }

// showInstall offers to install the program, or says that it is.
func (a *Agent) showInstall(w http.ResponseWriter, _ *http.Request) {
	a.drawInstall(w, http.StatusOK, installModel{})
}

func (a *Agent) drawInstall(w http.ResponseWriter, status int, m installModel) {
	state, err := a.Program.State()
	if err != nil {
		a.Log.Error("look how far the program is installed", "error", err)
		status, m.Fault = http.StatusInternalServerError, err.Error()
	}
	m.State, m.CSRF = state, a.seal.draw(installing(nil), a.Now())
	a.render(w, status, installPage, m)
}

func (a *Agent) install(w http.ResponseWriter, r *http.Request) {
	moved, err := a.Program.Install()
	switch {
	case err != nil:
		a.Log.Error("install the program", "error", err)
		a.drawInstall(w, http.StatusInternalServerError, installModel{Fault: err.Error()})
	case moved:
		a.Log.Info("installed; the installed program takes over")
		a.drawInstall(w, http.StatusOK, installModel{Moving: true})
	default:
		a.Log.Info("installed")
		http.Redirect(w, r, "/install", http.StatusSeeOther)
	}
}

func (a *Agent) uninstall(w http.ResponseWriter, _ *http.Request) {
	if err := a.Program.Uninstall(); err != nil {
		a.Log.Error("uninstall the program", "error", err)
		a.drawInstall(w, http.StatusInternalServerError, installModel{Fault: err.Error()})
		return
	}
	a.Log.Info("uninstalled; the service ends")
	a.drawInstall(w, http.StatusOK, installModel{Removed: true})
}
