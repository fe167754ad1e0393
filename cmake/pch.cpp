// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Nothing: the translation unit that the precompiled headers are built with.
