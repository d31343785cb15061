"""The serial line of a simulated board: mpremote and a person at a terminal."""

import os

import requests
from deploy.remote import SerialPort

CONTENT = bytes(range(256)) * 40


def test_exec_prints_the_result(mpremote):
    assert mpremote("exec", "print(6 * 7)") == "42\n"


def test_exec_failing_code_shows_the_traceback(mpremote):
    done = mpremote.run("exec", "1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout + done.stderr


def test_run_script_of_the_computer_runs_on_the_board(mpremote, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint(sys.implementation.name)\n")
    assert mpremote("run", str(script)) == "micropython\n"


def test_fs_copy_there_and_back_is_the_same(mpremote, tmp_path):
    (tmp_path / "there").write_bytes(CONTENT)
    mpremote("fs", "cp", str(tmp_path / "there"), ":there")
    mpremote("soft-reset")
    mpremote("fs", "cp", ":there", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == CONTENT
    listed = mpremote("fs", "ls").split()
    assert {"there", "boot.py", "main.py", "lib/", "trust/"} <= set(listed)
    mpremote("fs", "rm", ":there")
    assert "there" not in mpremote("fs", "ls").split()


def test_mount_folder_is_read_and_written_by_the_board(mpremote, tmp_path):
    (tmp_path / "there").write_bytes(CONTENT)
    (tmp_path / "mounted.py").write_text("VALUE = 'from the computer'\n")
    code = (
        "import mounted\n"
        "print(mounted.VALUE)\n"
        "with open('there', 'rb') as there, open('back', 'wb') as back:\n"
        "    back.write(there.read())\n"
    )
    assert "from the computer" in mpremote("mount", str(tmp_path), "exec", code)
    assert (tmp_path / "back").read_bytes() == CONTENT


def test_soft_reset_forgets_variables_and_keeps_files(mpremote):
    mpremote("exec", "x = 1\nwith open('kept', 'w') as file: file.write('kept')")
    assert mpremote("resume", "exec", "print(x)") == "1\n"
    mpremote("soft-reset")
    code = "print('x' in globals(), open('kept').read())"
    assert mpremote("resume", "exec", code) == "False kept\n"
    mpremote("exec", "import os; os.remove('kept')")


def test_running_code_is_interrupted_by_the_next_command(mpremote):
    mpremote("exec", "--no-follow", "while True: pass")
    assert mpremote("exec", "print('free')") == "free\n"


def test_reset_starts_the_firmware_again(mpremote, board):
    mpremote("exec", "pass")
    said = len(board.lines)
    mpremote("reset")
    board.wait_for_line("ready http", said)
    assert requests.get(board.url, timeout=10).status_code == 200


def test_firmware_is_interrupted_by_ctrl_c_and_started_by_ctrl_d(mpremote, board):
    with SerialPort(board.serial) as port:
        port.write(b"\x03")
        port.read_until(b"\r\n>>> ")
        port.write(b"print('a\\nb')\r")
        port.read_until(b"\r\na\r\nb\r\n>>> ")
        port.write(b"while True: pass\r\r\x03")
        assert b"KeyboardInterrupt" in port.read_until(b">>> ")
        port.write(b"\x03")  # at the prompt it only begins a new line
        port.read_until(b"\r\n>>> ")
        port.write(b"\x04")
        said = port.read_until(b"ready http://0.0.0.0:80\r\n")
        assert b"MPY: soft reboot\r\n" in said
    assert requests.get(board.url, timeout=10).status_code == 200


def test_line_is_given_to_one_program_after_the_other(mpremote, board):
    for number in range(3):
        with SerialPort(board.serial) as port:
            port.write(b"\x03\r%d + 1\r" % number)
            port.read_until(b"\r\n%d\r\n>>> " % (number + 1))
    assert os.path.exists(board.serial)


def test_exec_code_longer_than_a_window_arrives_whole(mpremote):
    lines = ["x%d = %r" % (n, "".join(map(chr, range(32, 127)))) for n in range(40)]
    assert mpremote("exec", "\n".join(lines) + "\nprint(len(x39))") == "95\n"
