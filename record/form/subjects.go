package form

// SubjectReference names another subject by its code, as it stood when the document
// was filed. Where the code is known to the system, ID and Name are the subject's,
// the name as it counted then; both are "" where it is not.
type SubjectReference struct {
	Code string
	ID   string
	Name string
}

// Known reports whether the code was known to the system.
func (r SubjectReference) Known() bool { return r.ID != "" && r.Name != "" }

type subjectValue struct {
	target    *SubjectReference
	normalize func(string) string
}

// set looks the code up. Without a lookup a code that is posted again stays what it
// was.
func (v subjectValue) set(input []string, find Lookup) {
	before := *v.target
	*v.target = SubjectReference{Code: v.normalize(first(input))}
	switch {
	case v.target.Code == "":
	case find.Subjects != nil:
		if known, ok := find.Subjects(v.target.Code); ok && known.Known() {
			v.target.ID, v.target.Name = known.ID, known.Name
		}
	case v.target.Code == before.Code:
		*v.target = before
	}
}

func (v subjectValue) input() []string { return []string{v.target.Code} }

func (v subjectValue) encode() any {
	content := map[string]any{"code": v.target.Code}
	if v.target.Known() {
		content["id"], content["name"] = v.target.ID, v.target.Name
	}
	return content
}

func (v subjectValue) decode(content any) error {
	m, ok := content.(map[string]any)
	if !ok {
		return errShape
	}
	text := func(key string) string { s, _ := m[key].(string); return s }
	*v.target = SubjectReference{Code: text("code")}
	if text("id") != "" && text("name") != "" {
		v.target.ID, v.target.Name = text("id"), text("name")
	}
	return nil
}

func (v subjectValue) empty() bool { return v.target.Code == "" }

func (v subjectValue) display() string {
	if v.target.Known() {
		return v.target.Code + "（" + v.target.Name + "）"
	}
	return v.target.Code
}

func (v subjectValue) problem(string) string { return "" }

// Subject is another subject, named by its code; normalize gives that its stored
// form. Shown is the code, with the name of whoever is known by it.
func Subject(name, label string, target *SubjectReference, normalize func(string) string) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetText, Code: true, value: subjectValue{target, normalize}}
}
