{#- Every segment of the project belongs to one family and to one only, by all that says so: its
    folder, a tag, its owner, where it goes. `families` maps a name to {folder, tag, owner,
    destinations}, each a text or a list, each optional. So a segment that switches a feature on is
    not mistaken for one that sends messages. Returns the segments, and what does not fit. -#}
{% test segments_kept_apart(model, families) %}

{%- set found = [] -%}
{%- for node in activation._activated(['segment']) -%}
    {%- set fits = {} -%}
    {%- for name, family in families.items() -%}
        {%- do fits.update({name: activation._family_fit(node, family)}) -%}
    {%- endfor -%}
    {%- set whole = fits.items() | selectattr('1.misses', 'equalto', []) | map('first') | list -%}
    {%- set part = fits.items() | selectattr('1.meets') | map('first') | list -%}
    {%- if not part -%}
        {%- do found.append([node.name, 'belongs to none of ' ~ families | join(', ')]) -%}
    {%- elif part | length > 1 -%}
        {%- for name in part -%}
            {%- do found.append(
                [node.name, 'is ' ~ name ~ ' by its ' ~ fits[name].meets | join(' and ')]
            ) -%}
        {%- endfor -%}
    {%- elif not whole -%}
        {%- do found.append([
            node.name,
            'is ' ~ part[0] ~ ' by its ' ~ fits[part[0]].meets | join(' and ')
            ~ ', and not by its ' ~ fits[part[0]].misses | join(' and '),
        ]) -%}
    {%- endif -%}
{%- endfor -%}
{{ activation._records(found, ['segment', 'problem']) }}

{% endtest %}

{#- By which marks a segment belongs to a family, and by which it does not. -#}
{% macro _family_fit(node, family) -%}
    {%- set names = activation._entries(node) | map(attribute='name') | list -%}
    {%- set marks = {
        'folder': modules.re.split('[/\\\\]', node.original_file_path)[:-1],
        'tag': node.tags,
        'owner': [activation._metadata(node).owner],
        'destinations': names,
    } -%}
    {%- set meets = [] -%}
    {%- set misses = [] -%}
    {%- for mark, said in family.items() -%}
        {%- if mark not in marks -%}
            {{ exceptions.raise_compiler_error(
                "segments_kept_apart: a family has no `" ~ mark ~ "`. fix: write one of "
                ~ marks | join(', ')
            ) }}
        {%- endif -%}
        {%- set wanted = [said] if said is string else said -%}
        {%- set others = marks[mark] | reject('in', wanted) | list -%}
        {%- set same = marks[mark] | select('in', wanted) | list -%}
        {%- if same -%}{%- do meets.append(mark) -%}{%- endif -%}
        {%- if not same or mark == 'destinations' and others -%}
            {%- do misses.append(mark) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'meets': meets, 'misses': misses}) }}
{%- endmacro %}
