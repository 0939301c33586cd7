# Puts the README's script into a scene and lets it live for some frames:  -s readme_scene.gd
#
# It must not know what the script does. Invariant: it ends by itself.
extends SceneTree

var frames = 0

func _init():
	root.add_child(load("res://readme.gd").new())

func _idle(_delta):
	frames += 1
	if frames > 10:
		quit()
