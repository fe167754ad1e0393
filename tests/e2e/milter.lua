-- SPDX-FileCopyrightText: The CAS authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Two messages through our milter, as the milter project's own test program sees them.
local function message(client, sender)
  local conn = mt.connect(place)
  if conn == nil then error("cannot connect") end
  if mt.conninfo(conn, "client.example", client) ~= nil then error("conninfo") end
  if mt.helo(conn, "client.example") ~= nil then error("helo") end
  if mt.mailfrom(conn, "<" .. sender .. ">") ~= nil or mt.getreply(conn) ~= SMFIR_CONTINUE then error("mailfrom") end
  if mt.rcptto(conn, "<suzie@south.example>") ~= nil or mt.getreply(conn) ~= SMFIR_CONTINUE then error("rcptto") end
  mt.header(conn, "From", sender)
  mt.header(conn, "Date", "Fri, 27 Nov 2026 07:42:55 +0000")
  mt.header(conn, "Message-ID", "<1@client.example>")
  if mt.eoh(conn) ~= nil then error("eoh") end
  if mt.bodystring(conn, "Hello.\r\n") ~= nil then error("body") end
  if mt.eom(conn) ~= nil then error("eom") end
  return conn
end

local taken = message(honest, "ann@honest.example")
if mt.getreply(taken) ~= SMFIR_ACCEPT then error("not accepted") end
if not mt.eom_check(taken, MT_HDRINSERT, "Authentication-Results") then error("no Authentication-Results") end
mt.disconnect(taken)

local forged = message(stranger, "joe@bank.example")
if mt.getreply(forged) ~= SMFIR_REPLYCODE then error("not refused") end
mt.disconnect(forged)
