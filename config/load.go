package config

import (
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/contrib/envconfig"

	"unireg/record"
)

// Review is the review mode of the kinds that are named.
type Review map[record.Kind]record.ReviewMode

// UnmarshalText reads kind=mode,kind=mode.
func (r *Review) UnmarshalText(text []byte) error {
	modes := Review{}
	for entry := range strings.SplitSeq(string(text), ",") {
		name, mode, _ := strings.Cut(strings.TrimSpace(entry), "=")
		kind := record.Kind(name)
		if _, ok := record.DefinitionOf(kind); !ok {
			return fmt.Errorf("names %q, which is no kind of record: use %s", name, list(record.Kinds()))
		}
		switch m := record.ReviewMode(mode); m {
		case record.ReviewRequired, record.ReviewAutomatic:
			modes[kind] = m
		default:
			return fmt.Errorf("gives %s the mode %q: use %s or %s", kind, mode, record.ReviewRequired, record.ReviewAutomatic)
		}
	}
	*r = modes
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (r Review) MarshalText() ([]byte, error) {
	entries := make([]string, 0, len(r))
	for _, kind := range slices.Sorted(maps.Keys(r)) {
		entries = append(entries, string(kind)+"="+string(r[kind]))
	}
	return []byte(strings.Join(entries, ",")), nil
}

// neighbours are variables under our prefix that other programs of the
// repository read: the development stack and the tests.
var neighbours = map[string]bool{
	"UNIREG_ADMIN_DATABASE_URL": true,
	"UNIREG_STACK_CONTROL":      true,
	"UNIREG_POSTGRES_BIN":       true,
	"UNIREG_STACK":              true,
	"UNIREG_DATA":               true,
	"UNIREG_TEST_CHROMIUM":      true,
}

// Load reads the environment, as os.Environ gives it, and validates what the
// parts that are to run need. Its error joins every fault; errors.Join's
// rendering is one sentence a line. The configuration is returned with an error
// too, as far as it could be read.
func Load(environ []string, parts ...Part) (Config, error) {
	c := Config{faults: faults{}}
	environment := env.ToMap(environ)
	maps.DeleteFunc(environment, func(_, value string) bool { return value == "" })
	variables := variables()
	c.refuseUnknown(environment, variables)
	for _, v := range variables {
		if v.secret() {
			c.readFile(environment, v.Name)
		}
	}
	err := env.ParseWithOptions(&c, env.Options{Environment: environment, Prefix: prefix})
	c.addParseFaults(err, variables)
	if c.Origin == "" && c.Mode == Development {
		c.Origin = developmentOrigin(c.Listen)
	}
	c.loadCalendar()
	c.loadTemporal(environment)
	return c, c.Validate(parts...)
}

// refuseUnknown catches misspelt variables, which would be defaults in silence.
func (c *Config) refuseUnknown(environment map[string]string, known []Variable) {
	names := map[string]bool{}
	for _, v := range known {
		names[v.Name] = true
		names[v.Name+"_FILE"] = names[v.Name+"_FILE"] || v.secret()
	}
	for name := range environment {
		if strings.HasPrefix(name, prefix) && !names[name] && !neighbours[name] {
			c.faults.add(name, "is no setting of this program%s", suggestion(name, known))
		}
	}
}

// readFile takes a secret from the file that NAME_FILE names.
func (c *Config) readFile(environment map[string]string, name string) {
	path, ok := environment[name+"_FILE"]
	if !ok {
		return
	}
	if _, both := environment[name]; both {
		c.faults.add(name, "is given twice: as itself and through %s_FILE", name)
		return
	}
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.faults.add(name+"_FILE", "names a file that does not exist: %s", path)
	case err != nil:
		c.faults.add(name+"_FILE", "names a file that cannot be read: %v", err)
	case strings.TrimSpace(string(content)) == "":
		c.faults.add(name+"_FILE", "names an empty file: %s", path)
	default:
		environment[name] = strings.TrimSpace(string(content))
		return
	}
	c.faults.hide(name) // it was given, though not readably
}

// addParseFaults turns the library's errors into sentences that name the
// variable. Values that are no secret are shown.
func (c *Config) addParseFaults(err error, variables []Variable) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		if err != nil {
			c.faults.add("UNIREG_*", "cannot be read: %v", err)
		}
		return
	}
	byField := map[string]Variable{}
	for _, v := range variables {
		byField[v.field] = v
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		if !errors.As(err, &parse) {
			c.faults.add("UNIREG_*", "cannot be read: %v", err)
			continue
		}
		v := byField[parse.Name]
		if v.own() {
			c.faults.add(v.Name, "%v", parse.Err)
		} else {
			c.faults.add(v.Name, "is not %s", v.shape())
		}
	}
}

func (c *Config) loadCalendar() {
	c.calendar = record.DefaultCalendar()
	if c.HolidaysFile == "" {
		return
	}
	content, err := os.ReadFile(c.HolidaysFile)
	if err != nil {
		c.faults.add("UNIREG_HOLIDAYS_FILE", "names a file that cannot be read: %v", err)
		return
	}
	calendar, err := record.LoadCalendar(content)
	if err != nil {
		c.faults.add("UNIREG_HOLIDAYS_FILE", "names a calendar with a fault: %v", err)
		return
	}
	c.calendar = calendar
}

// loadTemporal reads Temporal's own variables, and no file: this system is
// configured by its environment alone.
func (c *Config) loadTemporal(environment map[string]string) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{
		DisableFile: true,
		EnvLookup:   lookup(environment),
	})
	if err != nil {
		c.faults.add("TEMPORAL_*", "cannot be read: %v", err)
		return
	}
	c.Temporal = options
	if c.Temporal.HostPort == "" {
		c.Temporal.HostPort = "127.0.0.1:7233"
	}
	if c.Temporal.Namespace == "" {
		c.Temporal.Namespace = "default"
	}
}

// lookup is an environment as Temporal's SDK reads it.
type lookup map[string]string

// Environ lists NAME=value.
func (l lookup) Environ() []string {
	all := make([]string, 0, len(l))
	for name, value := range l {
		all = append(all, name+"="+value)
	}
	return all
}

// LookupEnv returns a value and whether it is set.
func (l lookup) LookupEnv(name string) (string, bool) {
	value, ok := l[name]
	return value, ok
}

// Variable is one setting as the documentation shows it.
type Variable struct {
	Name    string // with its prefix
	Doc     string
	Default string
	Needs   []Part

	field string
	kind  reflect.Type
}

// secret reports whether the variable may come from a file and is never shown.
func (v Variable) secret() bool {
	switch v.kind {
	case reflect.TypeFor[Secret](), reflect.TypeFor[Key](), reflect.TypeFor[MasterKeys]():
		return true
	}
	return false
}

// own reports whether the type parses itself with errors made for people.
func (v Variable) own() bool {
	return reflect.PointerTo(v.kind).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) &&
		v.kind.PkgPath() == reflect.TypeFor[Config]().PkgPath()
}

// shape says what the value has to look like.
func (v Variable) shape() string {
	switch v.kind.String() {
	case "bool":
		return "true or false"
	case "int", "int64":
		return "a whole number"
	case "time.Duration":
		return "a duration such as 30m or 12h"
	case "slog.Level":
		return "debug, info, warn or error"
	default:
		return "of the type " + v.kind.String()
	}
}

// variables lists the settings in the order of the struct.
func variables() []Variable {
	var all []Variable
	for field := range reflect.TypeFor[Config]().Fields() {
		name := field.Tag.Get("env")
		if name == "" || name == "-" {
			continue
		}
		v := Variable{
			Name: prefix + name, Doc: field.Tag.Get("doc"), Default: field.Tag.Get("envDefault"),
			field: field.Name, kind: field.Type,
		}
		for part := range strings.FieldsSeq(field.Tag.Get("need")) {
			v.Needs = append(v.Needs, Part(part))
		}
		all = append(all, v)
	}
	return all
}

// Variables lists every setting in the order in which the README shows them.
func Variables() []Variable { return variables() }
