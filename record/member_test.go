package record

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestB08_WhatEachRoleMay(t *testing.T) {
	for role, rights := range map[MemberRole][3]bool{
		Administrator: {true, true, true},
		Handler:       {true, true, false},
		Reader:        {true, false, false},
		"":            {false, false, false},
		"owner":       {false, false, false},
	} {
		got := [3]bool{role.May(ToRead), role.May(ToFile), role.May(ToManage)}
		require.Equal(t, rights, got, role)
		require.False(t, role.May(""), "a right that is none is nobody's")
		require.False(t, role.May("everything"))
	}
	for _, role := range MemberRoles() {
		require.NotEmpty(t, role.Label())
	}
}

func TestB08_LoginNamesOfMembers(t *testing.T) {
	for typed, want := range map[string]string{
		"zhang.san": "zhang.san", " Zhang San ": "zhangsan", "ＺＨＡＮＧ＿１": "zhang_1", "张三": "张三", "欧阳𬀩-2": "欧阳𬀩-2",
	} {
		require.Equal(t, want, MemberLogin(typed))
		require.Empty(t, MemberLoginProblem(want), want)
	}
	for login, problem := range map[string]string{
		"": "请填写", "a": "至少", strings.Repeat("a", 31): "最多", "a@b.cn": "只能用", "a/b": "只能用", "a\u0000b": "只能用", "<b>": "只能用",
	} {
		require.Contains(t, MemberLoginProblem(login), problem, login)
	}
	require.Empty(t, MemberNameProblem("张三"))
	for _, name := range []string{"", "张", strings.Repeat("张", 51)} {
		require.NotEmpty(t, MemberNameProblem(name), name)
	}
}
