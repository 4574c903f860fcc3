# SPDX-License-Identifier: MIT
# layout.awk - reads what `readelf --debug-dump=info` prints of a C object, and
# prints static_assert()s for C++: for each structure with a name its size, and
# the offset of each of its fields that has a name.
function finish()
{
	if (depth == 1) {
		structure = tag == "DW_TAG_structure_type" && size != "" ? name : ""
		if (structure != "")
			kept[name] = "static_assert(sizeof(struct " name ") == " size ");"
	} else if (tag == "DW_TAG_member" && depth == 2 && structure != "" && name != "" && offset != "")
		kept[structure] = kept[structure] "\nstatic_assert(offsetof(struct " structure ", " name ") == " offset ");"
}

/Abbrev Number:/ {
	finish()
	tag = name = size = offset = ""
	match($0, /<[0-9a-f]+>/)
	depth = substr($0, RSTART + 1, RLENGTH - 2) + 0
	if (match($0, /\(DW_TAG_[a-z_]+\)/))
		tag = substr($0, RSTART + 1, RLENGTH - 2)
}
/DW_AT_name / { name = $NF }
/DW_AT_byte_size / { size = $NF }
/DW_AT_data_member_location/ { offset = $NF }

# Skip the C library's structures. With VMS_NO_KERNEL_NAMES the library's have a
# prefix.
END {
	finish()
	while ((getline line <ours) > 0) {
		if (!(line in kept))
			line = "vms_" line
		if (line in kept) {
			print kept[line]
			structures++
		}
	}
	if (!structures)
		exit 1
	print "/* " structures " structures */"
}
