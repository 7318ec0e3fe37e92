package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// scopeWords are what a scope of a key is called, and what it opens.
var scopeWords = map[storage.Scope]view.ScopeChoice{
	storage.ScopeSubjectsRead:    {Option: view.Option{Label: "查询单位信息"}, Note: "现行有效的基本信息、资质、业绩、执业人员和获奖，不含证件号码、电话和账户"},
	storage.ScopeEligibilityRead: {Option: view.Option{Label: "查询投标资格"}, Note: "此刻或过去某一时刻能否参加纸质标、电子标，以及原因"},
	storage.ScopeConnectionsRead: {Option: view.Option{Label: "查询关联关系"}, Note: "几家单位之间有无相同的法定代表人、关联人或控股管理关系，不含姓名和证件号码"},
	storage.ScopeChangesRead:     {Option: view.Option{Label: "读取变更清单"}, Note: "从游标起按顺序读取哪些单位发生了什么变更"},
	storage.ScopeCARead:          {Option: view.Option{Label: "查询 CA 申请"}, Note: "供 CA 公司核对申请的办理状态"},
}

// showInterfaces is 接口与订阅.
func showInterfaces(s *Server, v *visit) error { return s.renderInterfaces(v, "", "") }

// renderInterfaces draws the page, with a key that was drawn just now.
func (s *Server) renderInterfaces(v *visit, name, key string) error {
	keys, err := s.Store.APIKeys(v.ctx)
	if err != nil {
		return err
	}
	subscribers, err := s.Store.Subscribers(v.ctx)
	if err != nil {
		return err
	}
	m := view.InterfacesModel{Key: key, KeyName: name}
	now := time.Now()
	for _, k := range keys {
		m.Keys = append(m.Keys, keyRow(k, now))
	}
	for _, one := range subscribers {
		m.Subscribers = append(m.Subscribers, subscriberRow(v, one))
	}
	return v.render(http.StatusOK, view.InterfacesPage(v.page("接口与订阅"), m))
}

func keyRow(k storage.APIKey, now time.Time) view.KeyRow {
	row := view.KeyRow{
		ID: string(k.ID), Name: k.Name, Created: k.CreatedAt, Expires: k.ExpiresAt, Used: k.UsedAt,
		State: view.Tag{Text: "有效", Tone: view.Good}, Live: true,
	}
	switch {
	case !k.RevokedAt.IsZero():
		row.State, row.Live = view.Tag{Text: "已停用", Tone: view.Bad}, false
	case !k.ExpiresAt.IsZero() && now.After(k.ExpiresAt):
		row.State, row.Live = view.Tag{Text: "已过期", Tone: view.Warn}, false
	}
	for _, scope := range k.Scopes {
		row.Scopes = append(row.Scopes, scopeWords[scope].Label)
	}
	return row
}

// keyForm is the form of a key with what is chosen.
func keyForm(chosen []string) view.KeyForm {
	var f view.KeyForm
	for _, scope := range storage.Scopes() {
		choice := scopeWords[scope]
		choice.Value, choice.On = string(scope), slices.Contains(chosen, string(scope))
		f.Scopes = append(f.Scopes, choice)
	}
	return f
}

func showNewKey(_ *Server, v *visit) error {
	return v.render(http.StatusOK, view.NewKeyPage(v.page("新增密钥"), keyForm(nil)))
}

const (
	maxKeyDays = 3650 // of the life of a key that expires
	maxKeyName = 100  // in characters
)

// addKey draws a key of the interface. The page that answers shows it; it is kept
// nowhere.
func addKey(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	f := keyForm(values["scopes"])
	f.Name, f.Days = form.Clean(values.Get("name")), form.Fold(values.Get("days"))
	wrong := func(field, label, message string) {
		f.Problems = append(f.Problems, form.Problem{Field: field, Label: label, Message: message})
	}
	if f.Name == "" {
		wrong("name", "名称", "请填写名称")
	}
	var scopes []storage.Scope
	for _, scope := range values["scopes"] {
		scopes = append(scopes, storage.Scope(scope))
	}
	switch {
	case len(scopes) == 0:
		wrong("scopes", "权限", "请至少选择一项权限")
	case slices.ContainsFunc(scopes, func(scope storage.Scope) bool { return scopeWords[scope].Label == "" }):
		wrong("scopes", "权限", "没有这项权限")
	}
	if utf8.RuneCountInString(f.Name) > maxKeyName {
		wrong("name", "名称", "名称最多 100 个字")
	}
	var expires time.Time
	if f.Days != "" {
		days, err := strconv.Atoi(f.Days)
		if err != nil || days < 1 || days > maxKeyDays {
			wrong("days", "有效天数", "请填写 1 至 3650 的整数，或留空")
		}
		expires = time.Now().AddDate(0, 0, days)
	}
	if len(f.Problems) > 0 {
		return v.render(http.StatusUnprocessableEntity, view.NewKeyPage(v.page("新增密钥"), f))
	}
	key, text, err := s.Store.AddAPIKey(v.ctx, v.actor(), f.Name, scopes, expires)
	if err != nil {
		return err
	}
	v.audit("api key added", slog.String("staff", v.staffID()), slog.String("key", string(key.ID)))
	return s.renderInterfaces(v, key.Name, text)
}

// revokeKey ends a key at once.
func revokeKey(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Store.RevokeAPIKey(v.ctx, v.actor(), id); err != nil {
		return err
	}
	v.audit("api key revoked", slog.String("staff", v.staffID()), slog.String("key", string(id)))
	v.flash(view.Good, "密钥已停用，使用它的系统不能再查询。")
	return v.see("/staff/interfaces")
}
