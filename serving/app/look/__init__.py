"""What the page looks like: its themes, and the pieces of HTML that it draws itself, each made of escaped words."""
